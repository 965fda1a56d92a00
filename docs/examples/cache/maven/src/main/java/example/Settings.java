package example;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import org.apache.commons.lang3.StringUtils;

/** Prints a setting as JSON. */
public class Settings {
    public static void main(String[] args) throws Exception {
        String name = args.length > 0 ? args[0] : StringUtils.lowerCase("NOBODY");
        System.out.println(new ObjectMapper().writeValueAsString(Map.of("name", name)));
    }
}
