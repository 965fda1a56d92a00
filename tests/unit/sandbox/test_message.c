#include "sandbox/init.h"
#include "sandbox/internal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

Test(message, blob, .timeout = 5)
{
	static const char *const list[] = { "one", "two", NULL };
	struct sbx_blob b = { 0 };
	uint32_t len = 0, at;
	uint64_t *word;

	cr_assert_eq(sbx_blob_text(&b, NULL), 0);
	cr_assert_eq(sbx_blob_room(&b, 8), 0);
	cr_assert_eq(sbx_blob_text(&b, "text"), 8);
	at = sbx_blob_list(&b, list, &len);
	cr_assert_eq(at, 16);
	cr_assert_eq(len, 2);
	word = (uint64_t *)(void *)(b.ptr + at);
	cr_assert_str_eq(b.ptr + word[0], "one");
	cr_assert_str_eq(b.ptr + word[1], "two");
	cr_assert_eq(word[2], 0);
	sbx_blob_room(&b, (size_t)1 << 40);
	cr_assert(b.is_broken, "a payload without limit");
	cr_assert_eq(sbx_blob_text(&b, "more"), 0);
	sbx_blob_clear(&b);
}

/* Sent by the library, received by the init program's code. */
static void exchange(size_t len)
{
	static char buf[WIRE_INLINE];
	struct sbx_blob b = { 0 };
	struct init_message m;
	int pair[2], fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	if (len > 0) {
		sbx_blob_room(&b, len);
		memset(b.ptr, 'x', len - 1);
	}
	cr_assert_eq(sbx_message_send(pair[0], WIRE_STEP, 7, &b, &fd, 1), 0, "%s",
		     strerror(errno));
	cr_assert_eq(init_receive(pair[1], &m, buf), 0);
	cr_assert_eq(m.head.type, WIRE_STEP);
	cr_assert_eq(m.head.value, 7);
	cr_assert_eq(m.head.len, len);
	cr_assert_geq(m.fd[0], 0);
	cr_assert_eq(m.fd[1], -1);
	cr_assert_eq(m.mapped, len > WIRE_INLINE ? len : 0);
	if (len > 0) {
		cr_assert_eq(strlen(m.payload), len - 1);
		m.payload[0] = 'y'; /* private */
	}
	init_message_clear(&m);
	close(fd);
	close(pair[0]);
	cr_assert_eq(init_receive(pair[1], &m, buf), -EPIPE, "end of file");
	close(pair[1]);
	sbx_blob_clear(&b);
}

Test(message, sizes, .timeout = 10)
{
	static const size_t len[] = { 0, 8, WIRE_INLINE, WIRE_INLINE + 8, 3 << 20 };

	for (size_t i = 0; i < sizeof(len) / sizeof(len[0]); i++)
		exchange(len[i]);
}

Test(message, nonsense, .timeout = 10)
{
	static char buf[WIRE_INLINE];
	struct wire_head head = { .magic = WIRE_MAGIC, .type = WIRE_STEP, .len = 100 };
	struct init_message m;
	char answer[16];
	size_t len;
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	send(pair[0], "x", 1, 0);
	cr_assert_eq(init_receive(pair[1], &m, buf), -EBADMSG, "too short");
	send(pair[0], &head, sizeof(head), 0);
	cr_assert_eq(init_receive(pair[1], &m, buf), -EBADMSG, "payload missing");
	head.magic++;
	send(pair[0], &head, sizeof(head), 0);
	cr_assert_eq(init_receive(pair[1], &m, buf), -EBADMSG, "other magic");
	send(pair[1], &head, sizeof(head), 0);
	cr_assert_eq(sbx_message_receive(pair[0], answer, sizeof(answer), &len), -1);
	head.magic--;
	send(pair[1], &head, sizeof(head), 0);
	cr_assert_eq(sbx_message_receive(pair[0], answer, sizeof(answer), &len), -1, "length");
	close(pair[1]);
	cr_assert_eq(sbx_message_receive(pair[0], answer, sizeof(answer), &len), 0,
		     "end of file");
	close(pair[0]);
}

Test(message, sealed, .timeout = 5)
{
	int fd = sbx_sealed_memfd("test", "text", 4, false);
	char text[8] = "";

	cr_assert_geq(fd, 0);
	cr_assert_eq(read(fd, text, sizeof(text)), 4);
	cr_assert_str_eq(text, "text");
	cr_assert_lt(write(fd, "x", 1), 0, "not sealed");
	cr_assert_lt(ftruncate(fd, 0), 0, "not sealed");
	close(fd);
}
