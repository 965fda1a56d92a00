/* Records of builds, read and added up. */
#include <stdlib.h>
#include <string.h>

#include "cache/records.h"
#include "tests/unit/table.h"

#define REST "\"package\":\"p\",\"mode\":\"rw\",\"result\":\"ok\""

static const struct {
	const char *name, *text;
	size_t records, areas;
	uint64_t hits, failed, added; /* added: in the first area */
} cases[] = {
	{ "nothing", "", 0, 0, 0, 0, 0 },
	{ "one", "{\"begin\":1," REST ",\"fetch-hits\":2}\n", 1, 0, 2, 0, 0 },
	{ "torn", "{\"begin\":1,\"pack\n{\"begin\":1," REST "}\n", 1, 0, 0, 0, 0 },
	{ "no object", "[1]\n7\n\"x\"\n", 0, 0, 0, 0, 0 },
	{ "without result", "{\"begin\":1}\n", 1, 0, 0, 1, 0 },
	{ "areas",
	  "{\"begin\":1," REST ",\"cache\":{\"added\":3,\"areas\":{\"npm\":{\"added\":1},"
	  "\"ccache\":{\"added\":2}}}}\n{\"begin\":2," REST
	  ",\"cache\":{\"areas\":{\"ccache\":{\"added\":5}}}}\n",
	  2, 2, 0, 0, 7 },
	{ "other types",
	  "{\"begin\":[],\"package\":{},\"mode\":[],\"result\":\"ok\",\"fetch-hits\":\"x\","
	  "\"cache\":7}\n{\"begin\":1,\"result\":\"ok\",\"cache\":{\"areas\":[1]}}\n",
	  2, 0, 0, 0, 0 },
	{ "too large", "{\"begin\":99999999999999999999," REST "}\n", 1, 0, 0, 0, 0 },
};

TABLE_TEST(records, parse, cases)
{
	struct mel_cache_stats stats MEL_AUTO_CACHE_STATS = { .failed = 0 };

	mel_cache_stats_parse(&stats, mel_slice_of(cases[*row].text));
	cr_assert_eq(stats.record.len, cases[*row].records, "%s", cases[*row].name);
	cr_assert_eq(stats.area.len, cases[*row].areas, "%s", cases[*row].name);
	cr_assert_eq(stats.fetch_hits, cases[*row].hits, "%s", cases[*row].name);
	cr_assert_eq(stats.failed, cases[*row].failed, "%s", cases[*row].name);
	if (stats.area.len)
		cr_assert_eq(stats.area.at[0].added, cases[*row].added);
}
