/*
 * dump-builtin.c - hands the embedded definitions to the test scripts beside it:
 *
 *   dump-builtin list               names
 *   dump-builtin text NAME          the YAML
 *   dump-builtin inputs NAME        a line "INPUT=DEFAULT" for each input
 *   dump-builtin needs NAME         packages, a line each
 *   dump-builtin steps NAME DIR     DIR/1, DIR/2, … get the scripts, DIR/1.dir, … the
 *                                   working directories that are given; DIR/N.uses
 *                                   the name of a definition in place of a script
 *   dump-builtin helper FILE        the image of the guest's helper
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "guest/helper_image.h"
#include "pipelines/builtin.h"

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "dump-builtin: %s\n", what);
	exit(1);
}

static const char *text_of(const yaml_node_t *node)
{
	if (!node || node->type != YAML_SCALAR_NODE)
		die("a text was expected");
	return (const char *)node->data.scalar.value;
}

static yaml_node_t *member(yaml_document_t *doc, const yaml_node_t *map, const char *key)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     p < map->data.mapping.pairs.top; p++)
		if (strcmp(text_of(yaml_document_get_node(doc, p->key)), key) == 0)
			return yaml_document_get_node(doc, p->value);
	return NULL;
}

static void print_inputs(yaml_document_t *doc, const yaml_node_t *root)
{
	const yaml_node_t *inputs = member(doc, root, "inputs");

	if (!inputs)
		return;
	for (yaml_node_pair_t *p = inputs->data.mapping.pairs.start;
	     p < inputs->data.mapping.pairs.top; p++) {
		const yaml_node_t *value = yaml_document_get_node(doc, p->value);
		const yaml_node_t *preset = member(doc, value, "default");

		printf("%s=%s\n", text_of(yaml_document_get_node(doc, p->key)),
		       preset ? text_of(preset) : "");
	}
}

static void print_needs(yaml_document_t *doc, const yaml_node_t *root)
{
	const yaml_node_t *needs = member(doc, root, "needs");
	const yaml_node_t *list = member(doc, needs, "packages");

	if (!list)
		return;
	for (const yaml_node_item_t *i = list->data.sequence.items.start;
	     i < list->data.sequence.items.top; i++)
		puts(text_of(yaml_document_get_node(doc, *i)));
}

static void write_file(const char *dir, int number, const char *suffix, const void *bytes,
		       size_t len)
{
	char path[4096];
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/%d%s", dir, number, suffix) >= (int)sizeof(path))
		die("the path is too long");
	file = fopen(path, "w");
	if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
		die(path);
}

static void write_steps(yaml_document_t *doc, const yaml_node_t *root, const char *dir)
{
	const yaml_node_t *list = member(doc, root, "pipeline");
	int number = 0;

	if (!list || list->type != YAML_SEQUENCE_NODE)
		die("no pipeline");
	for (const yaml_node_item_t *i = list->data.sequence.items.start;
	     i < list->data.sequence.items.top; i++) {
		const yaml_node_t *step = yaml_document_get_node(doc, *i);
		const yaml_node_t *uses = member(doc, step, "uses");
		const yaml_node_t *workdir = member(doc, step, "working-directory");
		const char *text = text_of(uses ? uses : member(doc, step, "runs"));

		write_file(dir, ++number, uses ? ".uses" : "", text, strlen(text));
		if (workdir)
			write_file(dir, number, ".dir", text_of(workdir),
				   strlen(text_of(workdir)));
	}
}

static int dump_definition(const struct mel_builtin *builtin, const char *what, const char *dir)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	const yaml_node_t *root;

	if (!yaml_parser_initialize(&parser))
		die("no memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)builtin->text,
				     builtin->len);
	if (!yaml_parser_load(&parser, &doc))
		die(parser.problem ? parser.problem : "not YAML");
	root = yaml_document_get_root_node(&doc);
	if (strcmp(what, "inputs") == 0)
		print_inputs(&doc, root);
	else if (strcmp(what, "needs") == 0)
		print_needs(&doc, root);
	else if (strcmp(what, "steps") == 0 && dir)
		write_steps(&doc, root, dir);
	else
		die("unknown command");
	yaml_document_delete(&doc);
	yaml_parser_delete(&parser);
	return 0;
}

static int dump_helper(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file ||
	    fwrite(mel_helper_image, 1, mel_helper_image_len, file) != mel_helper_image_len ||
	    fclose(file) != 0 || chmod(path, 0755) < 0)
		die(path);
	return 0;
}

int main(int argc, char **argv)
{
	const struct mel_builtin *builtin;

	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < mel_builtin_count(); i++)
			puts(mel_builtin_at(i)->name);
		return 0;
	}
	if (argc < 3)
		die("see the top of its source for the arguments");
	if (strcmp(argv[1], "helper") == 0)
		return dump_helper(argv[2]);
	builtin = mel_builtin_find(argv[2]);
	if (!builtin)
		die("no such definition");
	if (strcmp(argv[1], "text") == 0)
		return fwrite(builtin->text, 1, builtin->len, stdout) != builtin->len;
	return dump_definition(builtin, argv[1], argc > 3 ? argv[3] : NULL);
}
