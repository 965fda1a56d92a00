package right;

public class Right {
	public static String text() {
		return left.Left.text() + " and right";
	}
}
