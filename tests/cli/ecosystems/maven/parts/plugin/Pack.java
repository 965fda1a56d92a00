package pack;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.tools.ToolProvider;
import org.apache.maven.plugin.AbstractMojo;
import org.apache.maven.plugin.MojoExecutionException;

/** Compiles src/Sample.java against the project's dependencies: target/sample.jar, target/path. */
public class Pack extends AbstractMojo {
	private List<String> path;

	public void execute() throws MojoExecutionException {
		try {
			Path target = Files.createDirectories(Path.of("target"));
			List<String> all = new ArrayList<>(path);

			all.add(target.toString());
			Files.writeString(target.resolve("path"), String.join(":", all));
			if (ToolProvider.getSystemJavaCompiler().run(null, null, null, "-cp", String.join(":", path),
					"-d", target.toString(), "src/Sample.java") != 0)
				throw new MojoExecutionException("the compiler failed");
			pack(target);
		} catch (java.io.IOException e) {
			throw new MojoExecutionException("cannot write", e);
		}
	}

	private static void pack(Path target) throws java.io.IOException {
		try (var out = new ZipOutputStream(Files.newOutputStream(target.resolve("sample.jar")))) {
			ZipEntry entry = new ZipEntry("Sample.class");

			entry.setTime(0);
			out.putNextEntry(entry);
			out.write(Files.readAllBytes(target.resolve("Sample.class")));
			out.closeEntry();
		}
	}
}
