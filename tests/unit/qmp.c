/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A guest that runs, through a small monitor of our own in another process: what the caller is
 * told and what is wrong with what he says, where messages end, and allocations that fail.
 * Monitors that fail are in tests/cli/qmp.py, QEMU's own in tests/guest/live.py.
 * Linked with --wrap=malloc,calloc,realloc,free,strdup.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <hpt/qmp.h>

#include "failing.h"
#include "guest_saved.h"

#ifdef HAVE_JANSSON
#include "../../lib/guest/qmp.h"

#define STREAM TABLE STREAM_END

/* What the monitor shares with the test. */
struct seen {
	volatile int running;
	volatile int stops;
	volatile int migrations;
	volatile long bandwidth;
};

static struct seen *seen;
static struct bytes stream;
static char address[100];
static pid_t monitor;
static int listener;

static void say(int fd, const char *format, ...)
{
	char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)!write(fd, text, strlen(text));
}

static void send_stream(int to)
{
	size_t done = 0;
	ssize_t n = 1;

	for (; done < stream.len && n > 0; done += (size_t)n)
		n = send(to, stream.data + done, stream.len - done, MSG_NOSIGNAL);
	close(to);
}

/* What a command does, and its answer. */
static const char *obey(int fd, const char *command, int *given)
{
	const char *number = strstr(command, "\"max-bandwidth\":");

	if (strstr(command, "\"query-status\""))
		return seen->running ? "{\"status\":\"running\"}" : "{\"status\":\"paused\"}";
	if (strstr(command, "\"query-migrate\""))
		return seen->migrations ? "{\"status\":\"completed\"}" : "{}";
	if (strstr(command, "\"query-migrate-parameters\""))
		return "{\"max-bandwidth\":77,\"downtime-limit\":300}";
	if (number)
		seen->bandwidth = strtol(number + 16, NULL, 10);
	if (strstr(command, "\"stop\"")) {
		seen->running = 0;
		seen->stops++;
		say(fd, "{\"event\":\"STOP\",\"timestamp\":{\"seconds\":1000,"
			"\"microseconds\":999000}}");
	} else if (strstr(command, "\"cont\"")) {
		seen->running = 1;
		say(fd, "{\"event\":\"RESUME\",\"timestamp\":{\"seconds\":1001,"
			"\"microseconds\":1500}}");
	} else if (strstr(command, "\"migrate\"")) {
		seen->migrations++;
		send_stream(*given);
		*given = -1;
	}
	return "{}";
}

static ssize_t hear(int fd, char *text, size_t room, int *given)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { .iov_base = text, .iov_len = room - 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &message, 0);

	if (n > 0 && CMSG_FIRSTHDR(&message))
		memcpy(given, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*given));
	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* A command is written at once, and so comes whole; but several may come together. */
static void obey_all(int fd, char *text, int *given)
{
	static const char begin[] = "{\"execute\"";
	char *command, *next, *id;

	for (command = strstr(text, begin); command; command = next) {
		next = strstr(command + 1, begin);
		if (next)
			*next = '\0';
		id = strstr(command, "\"id\":");
		if (id)
			say(fd, "{\"return\":%s,\"id\":%lld}\r\n", obey(fd, command, given),
			    strtoll(id + 5, NULL, 10));
		if (next)
			*next = '{';
	}
}

static void converse(int fd)
{
	int given = -1;
	char text[1000];

	say(fd, "{\"QMP\":{}}\r\n");
	while (hear(fd, text, sizeof(text), &given) > 0)
		obey_all(fd, text, &given);
	if (given >= 0)
		close(given);
	close(fd);
}

static void serve(void)
{
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		converse(accept(listener, NULL, NULL));
}

/* jansson's memory is counted; it writes beyond its buffers where there is none (2.14). */
static void *count_only(size_t size)
{
	return count(__real_malloc(size));
}

static int set_up(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)state;
	json_set_alloc_funcs(count_only, __wrap_free);
	stream = bytes_of(STREAM);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	snprintf(address, sizeof(address), "/tmp/hpt-qmp.%ld", (long)getpid());
	strcpy(at.sun_path, address);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (seen == MAP_FAILED || bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 5))
		return -1;
	monitor = fork();
	if (!monitor)
		serve();
	return monitor < 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(address);
	kill(monitor, SIGKILL);
	waitpid(monitor, NULL, 0);
	bytes_free(&stream);
	return 0;
}

static void begin_anew(int running)
{
	*seen = (struct seen){ .running = running, .bandwidth = 77 };
}

static int open_with(const struct hpt_qmp_options *options, uint32_t flags,
		     struct hpt_guest **out, struct hpt_qmp_report *report,
		     struct hpt_error *err)
{
	struct hpt_guest_options how = { .size = sizeof(how), .flags = flags };

	return hpt_qmp_open_guest(address, options, &how, out, report, err);
}

static void check_table(struct hpt_guest *guest)
{
	struct hpt_table *table;
	struct hpt_entry entry;

	assert_int_equal(hpt_guest_table(guest, &table, NULL), 0);
	assert_int_equal(hpt_table_order(table), 18);
	assert_int_equal(hpt_table_read(table, 5, 1, &entry, NULL), 0);
	assert_int_equal(entry.v, 0x4000000000000011);
}

static void reports(void **state)
{
	struct hpt_qmp_options options = { .size = sizeof(options), .flags = HPT_QMP_PAUSE };
	struct hpt_qmp_report report = { .size = sizeof(report) };
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	(void)state;
	begin_anew(1);
	if (open_with(&options, 0, &guest, &report, &err))
		fail_msg("%s", err.text);
	check_table(guest);
	assert_true(report.was_running && report.still_known);
	assert_int_equal(report.still_us, 2500);
	assert_int_equal(report.bytes, stream.len);
	assert_string_equal(report.run_state, "running");
	assert_true(seen->running && seen->stops == 1 && seen->bandwidth == 77);
	hpt_guest_close(guest);
}

/* Its memory can be read long after QEMU has gone. */
static void keeps_memory(void **state)
{
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	unsigned char byte;

	(void)state;
	begin_anew(1);
	assert_int_equal(open_with(NULL, HPT_GUEST_MEMORY, &guest, NULL, &err), 0);
	check_table(guest);
	assert_int_equal(hpt_guest_read(guest, 0, 1, &byte, &err), 0);
	assert_true(seen->running && !seen->stops && seen->migrations == 1);
	hpt_guest_close(guest);
}

static unsigned ended;

static int keep_before(void *arg, enum hpt_qmp_step step, const struct hpt_qmp_before *now)
{
	struct hpt_qmp_before *before = arg;

	if (step == HPT_QMP_BEGIN)
		*before = *now;
	ended += step == HPT_QMP_END;
	return 0;
}

/* Held, it stands still until hpt_qmp_restore(); one that stood still before is not held. */
static void holds(void **state)
{
	struct hpt_qmp_before before = { .size = sizeof(before) };
	struct hpt_qmp_options options = { .size = sizeof(options),
					   .flags = HPT_QMP_HOLD | HPT_QMP_PAUSE,
					   .watch = keep_before,
					   .arg = &before };
	struct hpt_qmp_report report = { .size = sizeof(report) };
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	(void)state;
	begin_anew(1);
	ended = 0;
	if (open_with(&options, 0, &guest, &report, &err))
		fail_msg("%s", err.text);
	check_table(guest);
	hpt_guest_close(guest);
	assert_true(report.was_running && !report.still_known && !seen->running && !ended);
	before.fd = before.stream = -1; /* this process's own are closed */
	assert_int_equal(hpt_qmp_restore(address, &before, NULL, &err), 0);
	assert_true(seen->running && seen->bandwidth == 77);
	begin_anew(0);
	assert_int_equal(open_with(&options, 0, &guest, &report, &err), 0);
	hpt_guest_close(guest);
	assert_true(!report.was_running && !seen->running && ended == 1);
}

static void stays_still(void **state)
{
	struct hpt_qmp_report report = { .size = sizeof(report) };
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	(void)state;
	begin_anew(0);
	assert_int_equal(open_with(NULL, 0, &guest, &report, &err), 0);
	assert_false(report.was_running || report.still_known || seen->running);
	assert_string_equal(report.run_state, "paused");
	hpt_guest_close(guest);
}

static int stop_at;
static char steps[20];

static int watch(void *arg, enum hpt_qmp_step step, const struct hpt_qmp_before *before)
{
	size_t n = strlen(steps);

	assert_ptr_equal(arg, steps);
	assert_int_equal(before->size, sizeof(*before));
	assert_true(before->running && before->fd >= 0);
	assert_int_equal(before->max_bandwidth, 77);
	assert_int_equal(before->downtime_limit, 300);
	if (n < sizeof(steps) - 1)
		steps[n] = "BGE"[step];
	return (int)step == stop_at;
}

static void watches(void **state)
{
	struct hpt_qmp_options options = { .size = sizeof(options),
					   .watch = watch,
					   .arg = steps };
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	(void)state;
	begin_anew(1);
	for (stop_at = 0; stop_at < 3; stop_at++) {
		memset(steps, 0, sizeof(steps));
		if (stop_at == HPT_QMP_END) {
			assert_int_equal(open_with(&options, 0, &guest, NULL, &err), 0);
			hpt_guest_close(guest);
			assert_int_equal(steps[strlen(steps) - 1], 'E');
			continue;
		}
		assert_int_equal(open_with(&options, 0, &guest, NULL, &err), HPT_ERR_STOPPED);
		assert_null(guest);
		assert_non_null(strstr(err.text, "stopped by the watch callback"));
		/* Nothing was begun, so nothing is to be ended. */
		assert_string_equal(steps, stop_at == HPT_QMP_BEGIN ? "B" : "BGE");
		assert_int_equal(seen->migrations, stop_at != HPT_QMP_BEGIN);
		assert_true(seen->running && seen->bandwidth == 77);
	}
}

static void restores(void **state)
{
	struct hpt_qmp_before before = { .size = sizeof(before),
					 .fd = -1,
					 .stream = -1,
					 .running = true,
					 .has = HPT_QMP_HAS_MAX_BANDWIDTH,
					 .max_bandwidth = 99 };
	struct hpt_error err;

	(void)state;
	begin_anew(0);
	assert_int_equal(hpt_qmp_restore(address, &before, NULL, &err), 0);
	assert_true(seen->running && seen->bandwidth == 99);
	before.running = false;
	begin_anew(0);
	assert_int_equal(hpt_qmp_restore(address, &before, NULL, &err), 0);
	assert_false(seen->running);
	before.fd = 1000; /* no connection at all: a new one is made */
	before.running = true;
	assert_int_equal(hpt_qmp_restore(address, &before, NULL, &err), 0);
	assert_true(seen->running);
	assert_int_equal(hpt_qmp_restore("/nobody", &before, NULL, &err), HPT_ERR_SYSTEM);
}

static void refuses_arguments(void **state)
{
	struct hpt_qmp_options options = { .size = sizeof(options) };
	struct hpt_qmp_report report = { .size = sizeof(report) - 1 };
	struct hpt_guest_options how = { .size = sizeof(how), .kind = HPT_SOURCE_STREAM };
	struct hpt_qmp_before before = { .size = 1 };
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	(void)state;
	begin_anew(1);
#define BAD(call) assert_int_equal(call, HPT_ERR_ARGUMENT)
	BAD(hpt_qmp_open_guest(NULL, NULL, NULL, &guest, NULL, &err));
	BAD(hpt_qmp_open_guest(address, NULL, NULL, NULL, NULL, NULL));
	BAD(hpt_qmp_open_guest(address, NULL, NULL, &guest, &report, &err));
	BAD(hpt_qmp_open_guest(address, NULL, &how, &guest, NULL, &err));
	assert_non_null(strstr(err.text, "kvm-stream"));
	options.flags = 0x80;
	BAD(hpt_qmp_open_guest(address, &options, NULL, &guest, NULL, &err));
	assert_non_null(strstr(err.text, "unknown flags 0x80"));
	options.size = 3;
	BAD(hpt_qmp_open_guest(address, &options, NULL, &guest, NULL, &err));
	assert_non_null(strstr(err.text, "size 3"));
	BAD(hpt_qmp_restore(address, &before, NULL, &err));
	BAD(hpt_qmp_restore(address, NULL, NULL, &err));
#undef BAD
	assert_null(guest);
	assert_true(seen->running && !seen->migrations);
}

/* The n-th allocation fails, but for jansson's own: the guest runs on all the same. */
static void fail_each(uint32_t flags)
{
	struct hpt_qmp_options options = { .size = sizeof(options), .flags = flags };
	long before = live, n, refused = 0;
	struct hpt_guest *guest;
	struct hpt_error err;
	int r = 1;

	for (n = 0; n < 3000; n++) {
		begin_anew(1);
		guest = NULL;
		countdown = n;
		fails_for_good = false;
		r = open_with(&options, HPT_GUEST_MEMORY, &guest, NULL, &err);
		if (countdown >= 0)
			break;
		assert_true(r == 0 || guest == NULL);
		hpt_guest_close(guest);
		refused += r != 0;
		assert_int_equal(live, before);
		/* Held only where all went well, for want of something that was not needed. */
		assert_true((seen->running && seen->bandwidth == 77) ||
			    (!r && flags & HPT_QMP_HOLD));
	}
	countdown = -1;
	assert_int_equal(r, 0);
	check_table(guest);
	hpt_guest_close(guest);
	assert_true(n > 10 && n < 3000 && refused > 5);
}

static void no_memory(void **state)
{
	(void)state;
	fail_each(HPT_QMP_PAUSE);
	fail_each(HPT_QMP_PAUSE | HPT_QMP_HOLD);
	assert_false(seen->running);
}

/* "|" where a message ends; all else is one, or none yet. */
static const char *const framed[] = {
	"{}|",
	"  \r\n{}|\r\n {}|",
	"{\"a\":[{},{}]}|{}|",
	"{\"a\":\"}\"}|",
	"{\"a\":\"\\\"}\"}|",
	"{\"a\":\"\\\\\"}|",
	"{\"[\":\"{\"}|",
	"{\"a\":",
	"{\"a\":\"}",
	"",
};

/* Fed at once, or byte by byte, ends are found where they are. */
static void frames(void **state)
{
	struct qmp_frame frame;
	char text[100];
	size_t i, from, end, len, ends[4], n;
	const char *c;

	(void)state;
	for (i = 0; i < N(framed); i++) {
		for (len = n = 0, c = framed[i]; *c; c++) {
			if (*c == '|')
				ends[n++] = len;
			else
				text[len++] = *c;
		}
		frame = (struct qmp_frame){ .scanned = 0 };
		for (from = 0, end = 1; end && from < len; from += end) {
			size_t have = from, k = 0;

			for (end = 0; !end && have < len;)
				assert_int_equal(qmp_frame_next(&frame, text + from,
								++have - from, &end, NULL),
						 0);
			while (end && k < n && ends[k] != from + end)
				k++;
			assert_true(!end || k < n);
			n -= end != 0;
			memmove(ends, ends + (end != 0), n * sizeof(*ends));
		}
		assert_int_equal(n, 0);
	}
}

static void bad_frames(void **state)
{
	struct qmp_frame frame = { .scanned = 0 };
	struct hpt_error err;
	char text[200];
	size_t end;

	(void)state;
	assert_int_equal(qmp_frame_next(&frame, " x", 2, &end, &err), HPT_ERR_FORMAT);
	assert_non_null(strstr(err.text, "byte 0x78"));
	frame = (struct qmp_frame){ .scanned = 0 };
	assert_int_equal(qmp_frame_next(&frame, "[]", 2, &end, &err), HPT_ERR_FORMAT);
	memset(text, '[', sizeof(text));
	text[0] = '{';
	frame = (struct qmp_frame){ .scanned = 0 };
	assert_int_equal(qmp_frame_next(&frame, text, QMP_NESTING_MAX, &end, &err), 0);
	assert_int_equal(qmp_frame_next(&frame, text, QMP_NESTING_MAX + 1, &end, &err),
			 HPT_ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports),
		cmocka_unit_test(keeps_memory),
		cmocka_unit_test(holds),
		cmocka_unit_test(stays_still),
		cmocka_unit_test(watches),
		cmocka_unit_test(restores),
		cmocka_unit_test(refuses_arguments),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(frames),
		cmocka_unit_test(bad_frames),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

#else

static void says_no(void **state)
{
	struct hpt_qmp_before before = { .size = sizeof(before) };
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_qmp_open_guest("x", NULL, NULL, &guest, NULL, &err),
			 HPT_ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "jansson"));
	assert_int_equal(hpt_qmp_restore("x", &before, NULL, &err), HPT_ERR_UNSUPPORTED);
	assert_null(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(says_no) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
