# embed.awk - turns the definition files given as arguments into the C table of builtin.h.
# Usage: awk -f embed.awk -v root=DIR/ DIR/fetch.yaml DIR/split/dev.yaml ...   (sorted by name)

BEGIN {
	print "#include \"pipelines/builtin.h\""
	print "#include \"pipelines/builtin_table.h\""
	print ""
	print "const struct mel_builtin mel_builtin_table[] = {"
}

FNR == 1 {
	finish()
	name = substr(FILENAME, length(root) + 1)
	sub(/\.yaml$/, "", name)
	printf "\t{ \"%s\",\n", name
	bytes = 0
}

{
	out = ""
	for (i = 1; i <= length($0); i++) {
		c = substr($0, i, 1)
		if (c == "\\" || c == "\"")
			out = out "\\"
		out = out c
	}
	printf "\t  \"%s\\n\"\n", out
	bytes += length($0) + 1
}

END {
	finish()
	print "};"
	print "const size_t mel_builtin_table_len ="
	print "\tsizeof(mel_builtin_table) / sizeof(mel_builtin_table[0]);"
}

function finish() {
	if (name != "")
		printf "\t  , %d },\n", bytes
}
