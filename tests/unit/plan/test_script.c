/* What the record leaves out of shell texts. */
#include "plan/script.h"
#include "tests/unit/table.h"

static const struct {
	const char *text, *want; /* want NULL: unchanged */
} cases[] = {
	{ "", NULL },
	{ "echo a\n", NULL },
	{ "echo a # c\n# d\necho b", "echo a\necho b" },
	{ "  # c\n\t# d\necho", "echo" },
	{ "#!/bin/bash\n# c\necho", "#!/bin/bash\necho" },
	{ "# c\n#!/bin/bash\n", "" },
	{ "cat <<E\n# k\nE\n# c\n", "cat <<E\n# k\nE\n" },
	{ "cat <<-'E'\n\t# k\n\tE\n# c\n", "cat <<-'E'\n\t# k\n\tE\n" },
	{ "cat <<\\E; cat << \"F\"\n# k\nE\n# l\nF\n# c\nx",
	  "cat <<\\E; cat << \"F\"\n# k\nE\n# l\nF\nx" },
	{ "cat <<<E\n# c\nx", "cat <<<E\nx" },
	{ "echo 'a\n# b\n'\n# c\n", "echo 'a\n# b\n'\n" },
	{ "echo \"a\n# b\n\"\n# c\n", "echo \"a\n# b\n\"\n" },
	{ "echo \"$(echo \"a\n# b\n\")\"\n# c\n", "echo \"$(echo \"a\n# b\n\")\"\n" },
	{ "x=$(\n# c\necho)\n# d\n", "x=$(\necho)\n" },
	{ "echo \\\n # a comment\n# c\n", "echo \\\n\n" },
	{ "echo it\\'s\n# c\n", "echo it\\'s\n" },
	{ "echo $# '\n# b'\n", NULL },
	{ "echo ${x#'}'} a#b \"#\"\n# c\n", "echo ${x#'}'} a#b \"#\"\n" },
	{ "echo $((1<<2))\n# c\nx", "echo $((1<<2))\nx" },
	{ "echo a # it's\n# c\nx", "echo a\nx" },
	{ "echo `echo \"x\"`\n# c\nx", "echo `echo \"x\"`\nx" },
	{ "case x in\na) # c\n;;\n# d\nesac\n", "case x in\na)\n;;\nesac\n" },
	{ "echo \"$(case x in x) echo \"b # c\" ;; esac)\" # d\n# e\n", NULL },
	{ "a  \t# x", "a" },
	{ "a;# x\nb&#y\n", "a;\nb&\n" },
	{ "echo 'x' #'\n", "echo 'x'\n" },
	{ "cat <<E # c\n# k\nE\n", "cat <<E\n# k\nE\n" },
	{ "echo `# c\n`\n", "echo `\n`\n" },
	{ "echo a\\\n#b # c\n", "echo a\\\n#b\n" },
};

TABLE_TEST(script, record, cases)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	const char *want = cases[*row].want ? cases[*row].want : cases[*row].text;

	cr_assert_str_eq(mel_script_record(&arena, cases[*row].text), want, "%s",
			 cases[*row].text);
}
