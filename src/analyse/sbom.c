/* SPDX document of a package: see sbom.h. */
#include "analyse/sbom.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analyse/purl.h"
#include "analyse/sbom_source.h"
#include "base/date.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/vec.h"
#include "codec/json.h"
#include "config/buildfile.h"

#define NONE "NOASSERTION"

/* One element of `packages`; texts are in the arena or borrowed, empty ones are not written. */
struct element {
	const char *id, *name, *version, *license, *description, *location, *supplier,
		*copyright, *purpose, *sha256, *sha512, *purl, *cpe;
};

struct document {
	const struct mel_sbom_input *in;
	struct mel_arena arena;
	const char *name, *full_version; /* of the package described */
	const char *name_space, *supplier, *expression;
	struct mel_sbom_sources own, main; /* own: of a subpackage */
	MEL_VEC(struct element) element;
	size_t apk, config;         /* indexes of these elements */
	size_t own_end, main_start; /* own sources: apk + 1 up to own_end */
};

static bool is_given(const char *text)
{
	return text && text[0];
}

static const char *or_text(const char *text, const char *otherwise)
{
	return is_given(text) ? text : otherwise;
}

void mel_fnv128_hex(const char *text, char out[33])
{
	const unsigned __int128 prime = (unsigned __int128)1 << 88 | 0x13b;
	unsigned __int128 hash =
		(unsigned __int128)0x6c62272e07bb0142 << 64 | 0x62b821756295c58d;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * prime;
	snprintf(out, 33, "%016llx%016llx", (unsigned long long)(hash >> 64),
		 (unsigned long long)hash);
}

char *mel_sbom_path(const char *name, const char *full_version)
{
	return mel_asprintf("var/lib/db/sbom/%s-%s.spdx.json", name, full_version);
}

/* Length of the UTF-8 character at p and its code point; stray bytes count as one each. */
static size_t next_code(const char *p, unsigned *code)
{
	unsigned char c = (unsigned char)*p;
	size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

	*code = len == 1 ? c : c & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80) {
			*code = c;
			return 1;
		}
		*code = *code << 6 | ((unsigned char)p[i] & 0x3f);
	}
	return len;
}

/* An SPDX id may hold letters, digits, '-' and '.': others become '-' or C and their code. */
static const char *make_id(struct document *doc, const char *kind, const char *text)
{
	struct mel_buf id MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	unsigned code;

	mel_buf_printf(&id, "SPDXRef-Package-%s-", kind);
	for (const char *p = text; *p; p += next_code(p, &code)) {
		next_code(p, &code);
		if (code < 0x80 && (isalnum((int)code) || code == '-' || code == '.'))
			mel_buf_add_char(&id, *p);
		else if (code == ':' || code == '/')
			mel_buf_add_char(&id, '-');
		else
			mel_buf_printf(&id, "C%u", code);
	}
	return mel_arena_slice(&doc->arena, mel_buf_slice(&id));
}

static bool is_word(unsigned char c)
{
	return isalnum(c) || c == '_' || c >= 0x80;
}

/* "Organization: Test-Ns": words begin with a capital. A single '.' or '\'' between letters is
 * no end of a word. */
static const char *organization(struct document *doc, const char *name)
{
	char *text = mel_arena_printf(&doc->arena, "Organization: %s", name);
	bool in_word = false;

	for (unsigned char *p = (unsigned char *)text + strlen("Organization: "); *p; p++) {
		if (isalpha(*p)) {
			*p = (unsigned char)(in_word ? tolower(*p) : toupper(*p));
			in_word = true;
		} else if ((*p == '.' || *p == '\'') && in_word) {
			in_word = isalpha(p[-1]) && isalpha(p[1]);
		} else if (!is_word(*p)) {
			in_word = false;
		} else if (*p >= 0x80) {
			in_word = true;
		}
	}
	return text;
}

static const char *make_purl(struct document *doc, const struct mel_purl *purl)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	mel_purl_format(&text, purl);
	return mel_arena_slice(&doc->arena, mel_buf_slice(&text));
}

static const char *lower(struct document *doc, const char *text, size_t len)
{
	char *copy = mel_arena_strndup(&doc->arena, text, len);

	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

static void add_system(struct document *doc)
{
	mel_vec_push(&doc->element, (struct element){
					    .id = "SPDXRef-OperatingSystem",
					    .name = doc->name_space,
					    .license = NONE,
					    .description = "Operating System",
					    .location = NONE,
					    .supplier = doc->supplier,
					    .purpose = "OPERATING-SYSTEM",
				    });
}

static void add_apk(struct document *doc)
{
	const struct mel_package *package = &doc->in->config->package;
	const char *text = mel_arena_printf(&doc->arena, "%s-%s", doc->name, doc->full_version);
	const char *attestations = mel_license_attestations(&doc->arena, package->copyright,
							    package->copyright_len);
	struct mel_purl purl = {
		.type = "apk",
		.name_space = doc->name_space,
		.name = doc->name,
		.version = doc->full_version,
		.qualifier = { { "arch", doc->in->arch },
			       { "distro", mel_text_eq(doc->name_space, "unknown")
						   ? NULL
						   : doc->name_space } },
	};

	doc->apk = doc->element.len;
	mel_vec_push(&doc->element, (struct element){
					    .id = make_id(doc, "apk", text),
					    .name = doc->name,
					    .version = doc->full_version,
					    .license = or_text(doc->expression, NONE),
					    .location = NONE,
					    .supplier = doc->supplier,
					    .copyright = or_text(attestations, NONE),
					    .purpose = "APPLICATION",
					    .purl = make_purl(doc, &purl),
					    .cpe = mel_cpe_text(package, &doc->arena),
				    });
}

/* A package URL's subpath knows no "." and ".."; a leading one is dropped by readers. */
static int check_config_path(const char *path, struct mel_err **err)
{
	struct mel_slice part, rest = mel_slice_of(path);

	for (bool is_first = true; mel_slice_next(&rest, '/', &part); is_first = false)
		if (!is_first &&
		    (mel_slice_eq_text(part, ".") || mel_slice_eq_text(part, "..")))
			return mel_err_set(err, MEL_ERR_INPUT,
					   "path '%s' of the build file has '.' or '..' in it",
					   path);
	return 0;
}

static int add_config(struct document *doc, struct mel_err **err)
{
	static const char github[] = "https://github.com/";
	const struct mel_sbom_input *in = doc->in;
	const char *path = or_text(in->config_path, ""), *commit = or_text(in->commit, "");
	const char *repo = or_text(in->repo_url, ""), *slash;
	const char *text = mel_arena_printf(&doc->arena, "%s-%s", path, commit);

	if (mel_text_starts(repo, github))
		repo += strlen(github);
	slash = strchr(repo, '/');
	if (!slash)
		return mel_err_set(err, MEL_ERR_INPUT,
				   "extracting namespace and name from '%s': no '/' in it",
				   repo);
	if (check_config_path(path, err) < 0)
		return -1;

	struct mel_purl purl = {
		.type = "github",
		.name_space = lower(doc, repo, (size_t)(slash - repo)),
		.name = lower(doc, slash + 1, strlen(slash + 1)),
		.version = commit,
		.subpath = path,
	};

	doc->config = doc->element.len;
	mel_vec_push(&doc->element, (struct element){
					    .id = make_id(doc, "Melange", text),
					    .name = path,
					    .version = commit,
					    .license = or_text(in->config_license, NONE),
					    .location = NONE,
					    .supplier = doc->supplier,
					    .purpose = "INSTALL",
					    .purl = make_purl(doc, &purl),
				    });
	return 0;
}

static int add_fetch(struct document *doc, const struct mel_sbom_source *source,
		     struct mel_err **err)
{
	const char *name = source->purl_name, *version = or_text(source->purl_version, "");
	const char *sum = is_given(source->sha512) ? source->sha512 : source->sha256;
	const char *text = mel_arena_printf(&doc->arena, "%s-%s-%s", or_text(name, ""), version,
					    source->number);

	if (!is_given(name))
		return mel_err_set(err, MEL_ERR_INPUT,
				   "source '%s': purl is missing name (purl-name is empty)",
				   or_text(source->uri, ""));

	struct mel_purl purl = {
		.type = "generic",
		.name = name,
		.version = version,
		.qualifier = { { "checksum",
				 is_given(sum)
					 ? mel_arena_printf(&doc->arena, "%s:%s",
							    sum == source->sha512 ? "sha512"
										  : "sha256",
							    sum)
					 : NULL },
			       { "download_url", source->uri } },
	};

	mel_vec_push(&doc->element, (struct element){
					    .id = make_id(doc, "Source", text),
					    .name = name,
					    .version = version,
					    .license = NONE,
					    .location = or_text(source->uri, NONE),
					    .supplier = doc->supplier,
					    .purpose = "SOURCE",
					    .sha256 = source->sha256,
					    .sha512 = source->sha512,
					    .purl = make_purl(doc, &purl),
				    });
	return 0;
}

/* What a repository's address is made of. path is without leading '/' and ".git". */
struct repository {
	struct mel_slice scheme, host, path;
};

/* False for addresses that are no URL or have no path. */
static bool split_repository(struct repository *out, const char *address)
{
	const char *colon = strstr(address, "://");
	const char *host = colon ? colon + 3 : address;
	size_t host_len = strcspn(host, "/?#");
	const char *user_end = memrchr(host, '@', host_len);
	const char *path = host + host_len;

	if (!colon || path[0] != '/')
		return false;
	out->scheme = mel_slice_make(address, (size_t)(colon - address));
	if (user_end) {
		host_len -= (size_t)(user_end + 1 - host);
		host = user_end + 1;
	}
	out->host = mel_slice_make(host, host_len);
	out->path = mel_slice_make(path + 1, strcspn(path + 1, "?#"));
	if (mel_slice_ends(out->path, ".git"))
		out->path.len -= strlen(".git");
	return out->path.len != 0;
}

/* The parts of an element that only GitHub's repositories have in this form. */
static bool fill_github(struct document *doc, struct element *element, struct mel_purl *purl,
			const struct repository *repo, const char *ref)
{
	const char *slash = memchr(repo->path.ptr, '/', repo->path.len);

	if (!slash || !mel_slice_eq_text(repo->host, "github.com"))
		return false;

	size_t owner_len = (size_t)(slash - repo->path.ptr);
	size_t name_len = repo->path.len - owner_len - 1;
	const char *owner = mel_arena_strndup(&doc->arena, repo->path.ptr, owner_len);

	element->name = mel_arena_strndup(&doc->arena, slash + 1, name_len);
	element->supplier = organization(doc, owner);
	element->location = mel_arena_printf(
		&doc->arena, "%.*s://github.com/%s/%s/archive/%s.tar.gz", (int)repo->scheme.len,
		repo->scheme.ptr, owner, element->name, ref);
	purl->type = "github";
	purl->name_space = lower(doc, owner, owner_len);
	purl->name = lower(doc, element->name, name_len);
	return true;
}

static void fill_other(struct document *doc, struct element *element, struct mel_purl *purl,
		       const struct repository *repo, const struct mel_sbom_source *source,
		       const char *ref)
{
	const char *address = source->repository;
	bool has_commit = is_given(source->commit);

	element->name = repo ? mel_arena_slice(&doc->arena, repo->path) : address;
	element->supplier = doc->supplier;
	element->location = mel_arena_printf(&doc->arena, "git+%s@%s", address, ref);
	purl->type = "generic";
	purl->name = element->name;
	purl->qualifier[0].key = "vcs_url";
	purl->qualifier[0].value = mel_arena_printf(
		&doc->arena, "%s%s%s%s", mel_text_starts(address, "git") ? "" : "git+", address,
		has_commit ? "@" : "", has_commit ? source->commit : "");
}

/* "https://a/b" as "a/b", other schemes stay. */
static const char *without_http(const char *address)
{
	if (mel_text_starts(address, "https://"))
		return address + strlen("https://");
	if (mel_text_starts(address, "http://"))
		return address + strlen("http://");
	return address;
}

static void add_git(struct document *doc, const struct mel_sbom_source *source)
{
	const char *ref = is_given(source->commit) ? source->commit : source->tag;
	const char *version = is_given(source->tag) ? source->tag : source->commit;
	const char *const part[] = { source->branch, source->tag, source->commit,
				     source->number };
	struct mel_buf id MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct element element = { .version = version, .purpose = "SOURCE" };
	struct mel_purl purl = { .version = version };
	struct repository repo = { 0 };

	if (!is_given(ref))
		return; /* a branch alone does not say what was built */

	bool is_url = split_repository(&repo, source->repository);

	if (!is_url || !fill_github(doc, &element, &purl, &repo, ref))
		fill_other(doc, &element, &purl, is_url ? &repo : NULL, source, ref);
	mel_buf_add_text(&id, without_http(source->repository));
	for (size_t i = 0; i < MEL_COUNTOF(part); i++)
		if (is_given(part[i]))
			mel_buf_printf(&id, "-%s", part[i]);
	element.id = make_id(doc, "Source", mel_buf_text(&id));
	element.license = or_text(doc->expression, NONE);
	element.purl = make_purl(doc, &purl);
	mel_vec_push(&doc->element, element);
}

static int add_sources(struct document *doc, const struct mel_sbom_sources *sources,
		       struct mel_err **err)
{
	for (size_t i = 0; i < sources->len; i++) {
		if (sources->at[i].repository)
			add_git(doc, &sources->at[i]);
		else if (add_fetch(doc, &sources->at[i], err) < 0)
			return -1;
	}
	return 0;
}

/* What the lists of steps give; the numbers of a subpackage's steps bear its name, so that they
 * differ from those of the main package. */
static int find_sources(struct document *doc, struct mel_err **err)
{
	const struct mel_config *config = doc->in->config;
	const struct mel_subpackage *sub = doc->in->subpackage;

	if (sub && mel_sbom_sources_add(&doc->own, sub->pipeline, sub->pipeline_len, sub->name,
					err) < 0)
		return -1;
	return mel_sbom_sources_add(&doc->main, config->pipeline, config->pipeline_len, NULL,
				    err);
}

static int add_elements(struct document *doc, struct mel_err **err)
{
	if (find_sources(doc, err) < 0)
		return -1;
	add_system(doc);
	add_apk(doc);
	if (add_sources(doc, &doc->own, err) < 0)
		return -1;
	doc->own_end = doc->element.len;
	if (add_config(doc, err) < 0)
		return -1;
	doc->main_start = doc->element.len;
	return add_sources(doc, &doc->main, err);
}

static void write_checksum(struct mel_json *json, const char *algorithm, const char *value)
{
	if (!is_given(value))
		return;
	mel_json_begin(json, '{');
	mel_json_pair(json, "algorithm", algorithm);
	mel_json_pair(json, "checksumValue", value);
	mel_json_end(json, '}');
}

static void write_reference(struct mel_json *json, const char *category, const char *locator,
			    const char *type)
{
	if (!is_given(locator))
		return;
	mel_json_begin(json, '{');
	mel_json_pair(json, "referenceCategory", category);
	mel_json_pair(json, "referenceLocator", locator);
	mel_json_pair(json, "referenceType", type);
	mel_json_end(json, '}');
}

static void write_element(struct mel_json *json, const struct element *element)
{
	mel_json_begin(json, '{');
	mel_json_pair(json, "SPDXID", element->id);
	mel_json_pair(json, "name", element->name);
	mel_json_pair_if(json, "versionInfo", element->version);
	mel_json_key(json, "filesAnalyzed");
	mel_json_bool(json, false);
	mel_json_pair(json, "licenseConcluded", NONE);
	mel_json_pair_if(json, "licenseDeclared", element->license);
	mel_json_pair_if(json, "description", element->description);
	mel_json_pair(json, "downloadLocation", element->location);
	mel_json_pair_if(json, "originator", element->supplier);
	mel_json_pair_if(json, "supplier", element->supplier);
	mel_json_pair_if(json, "copyrightText", element->copyright);
	mel_json_pair_if(json, "primaryPackagePurpose", element->purpose);
	if (is_given(element->sha256) || is_given(element->sha512)) {
		mel_json_key(json, "checksums");
		mel_json_begin(json, '[');
		write_checksum(json, "SHA256", element->sha256);
		write_checksum(json, "SHA512", element->sha512);
		mel_json_end(json, ']');
	}
	if (is_given(element->purl) || is_given(element->cpe)) {
		mel_json_key(json, "externalRefs");
		mel_json_begin(json, '[');
		write_reference(json, "PACKAGE-MANAGER", element->purl, "purl");
		write_reference(json, "SECURITY", element->cpe, "cpe23Type");
		mel_json_end(json, ']');
	}
	mel_json_end(json, '}');
}

static void write_relationship(struct mel_json *json, const struct document *doc,
			       const char *type, size_t to)
{
	mel_json_begin(json, '{');
	mel_json_pair(json, "spdxElementId", doc->element.at[doc->apk].id);
	mel_json_pair(json, "relationshipType", type);
	mel_json_pair(json, "relatedSpdxElement", doc->element.at[to].id);
	mel_json_end(json, '}');
}

static void write_relationships(struct mel_json *json, const struct document *doc)
{
	mel_json_key(json, "relationships");
	mel_json_begin(json, '[');
	for (size_t i = doc->apk + 1; i < doc->own_end; i++)
		write_relationship(json, doc, "GENERATED_FROM", i);
	write_relationship(json, doc, "DESCRIBED_BY", doc->config);
	for (size_t i = doc->main_start; i < doc->element.len; i++)
		write_relationship(json, doc, "GENERATED_FROM", i);
	mel_json_end(json, ']');
}

static void write_creation(struct mel_json *json, struct document *doc)
{
	char created[MEL_DATE_BYTES];

	mel_date_format(doc->in->created, created);
	mel_json_key(json, "creationInfo");
	mel_json_begin(json, '{');
	mel_json_pair(json, "created", created);
	mel_json_key(json, "creators");
	mel_json_begin(json, '[');
	mel_json_text(json, mel_arena_printf(&doc->arena, "Tool: melange-%s",
					     or_text(doc->in->tool_version, "unknown")));
	mel_json_end(json, ']');
	mel_json_pair(json, "licenseListVersion", "3.22");
	mel_json_end(json, '}');
}

static void write_texts(struct mel_json *json, const struct mel_license_texts *texts)
{
	if (!texts || !texts->len)
		return;
	mel_json_key(json, "hasExtractedLicensingInfos");
	mel_json_begin(json, '[');
	for (size_t i = 0; i < texts->len; i++) {
		mel_json_begin(json, '{');
		mel_json_pair(json, "licenseId", texts->at[i].id);
		mel_json_key(json, "extractedText");
		mel_json_slice(json, mel_slice_make(texts->at[i].text, texts->at[i].len));
		mel_json_end(json, '}');
	}
	mel_json_end(json, ']');
}

static void write_document(struct mel_buf *out, struct document *doc)
{
	const struct mel_sbom_input *in = doc->in;
	struct mel_json json = MEL_JSON_INIT(out);
	char hash[33];

	/* Different for each package and architecture, as SPDX demands. */
	mel_fnv128_hex(mel_arena_printf(&doc->arena, "apk-%s-%s-%s-%s", doc->name_space,
					doc->name, doc->full_version, in->arch),
		       hash);
	mel_json_begin(&json, '{');
	mel_json_pair(&json, "SPDXID", "SPDXRef-DOCUMENT");
	mel_json_pair(&json, "name",
		      mel_arena_printf(&doc->arena, "apk-%s-%s", doc->name, doc->full_version));
	mel_json_pair(&json, "spdxVersion", "SPDX-2.3");
	write_creation(&json, doc);
	mel_json_pair(&json, "dataLicense", "CC0-1.0");
	mel_json_pair(&json, "documentNamespace",
		      mel_arena_printf(&doc->arena, "%s%s",
				       or_text(in->document_prefix, MEL_SBOM_PREFIX), hash));
	mel_json_key(&json, "documentDescribes");
	mel_json_begin(&json, '[');
	mel_json_text(&json, doc->element.at[doc->apk].id);
	mel_json_end(&json, ']');
	mel_json_key(&json, "packages");
	mel_json_begin(&json, '[');
	for (size_t i = 0; i < doc->element.len; i++)
		write_element(&json, &doc->element.at[i]);
	mel_json_end(&json, ']');
	write_relationships(&json, doc);
	write_texts(&json, in->texts);
	mel_json_end(&json, '}');
	mel_buf_add_char(out, '\n');
}

static void clear_document(struct document *doc)
{
	mel_vec_clear(&doc->element);
	mel_sbom_sources_clear(&doc->own);
	mel_sbom_sources_clear(&doc->main);
	mel_arena_clear(&doc->arena);
}

int mel_sbom_write(struct mel_buf *out, const struct mel_sbom_input *in, struct mel_err **err)
{
	__attribute__((cleanup(clear_document))) struct document doc = { .in = in };

	const struct mel_package *package = &in->config->package;

	doc.name = in->subpackage ? in->subpackage->name : package->name;
	doc.full_version = mel_arena_printf(&doc.arena, "%s-r%llu", package->version,
					    (unsigned long long)package->epoch);
	doc.name_space = or_text(in->name_space, "unknown");
	doc.supplier = organization(&doc, doc.name_space);
	doc.expression =
		mel_license_expression(&doc.arena, package->copyright, package->copyright_len);
	if (add_elements(&doc, err) < 0)
		return mel_err_wrap(err, "SBOM of '%s'", doc.name);
	write_document(out, &doc);
	return mel_buf_check(out, "the SBOM", err);
}
