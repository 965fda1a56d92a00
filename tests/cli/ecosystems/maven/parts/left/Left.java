package left;

public class Left {
	public static String text() {
		return "left";
	}
}
