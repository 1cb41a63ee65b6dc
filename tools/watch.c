/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "watch.h"

/* hpt watch: what changes, while it does. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option watch_options[] = {
	SOURCE_OPTIONS,
	COLOR_OPTION,
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "follow", no_argument, NULL, OPT_FOLLOW },
	FILTER_OPTIONS,
	{ "ignore", required_argument, NULL, OPT_IGNORE },
	{ "by-page", no_argument, NULL, OPT_BY_PAGE },
	{ "processor", required_argument, NULL, OPT_PROCESSOR },
	{ "lines", no_argument, NULL, OPT_LINES },
	{ "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};

static const char watch_help[] =
	"Usage: hpt watch [OPTION]... SOURCE\n"
	"Show what changes in a hashed page table while it does: entries added (+), removed\n"
	"(-), changed (~), and moved (>). A stream of passes, in a file or from a pipe, is shown\n"
	"pass by pass as it comes; any other source is opened again and again. Ctrl-C ends it\n"
	"with a summary. On a terminal it is a table that q ends.\n"
	"\n"
	"      --interval TIME   between looks: 2, 0.5, 200ms, 1m (if nothing is said: 2\n"
	"                        seconds; of sources that disturb the guest it must be said)\n"
	"      --count N         end after N looks or passes\n"
	"      --follow          a file with a stream grows: wait for more at its end\n"
	"      --lines           lines on a terminal, too\n"
	"      --json            one JSON object a line\n"
	"As in 'hpt diff':\n"
	"      --ignore LIST, --by-page, --ptex RANGE, --vsid RANGE, --ra RANGE,\n"
	"      --page-size SIZE, --bolted, --processor NAME\n" COLOR_HELP
	"  -h, --help            this text\n"
	"\n" SOURCE_HELP "\n"
	"Exit status: 0 it was watched to its end, 1 there is no table, 2 an error.\n";

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* Signals come only while it waits: no look is cut short. */
static void catch_signals(sigset_t *waiting)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	(void)sigemptyset(&blocked);
	(void)sigprocmask(SIG_BLOCK, NULL, waiting);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		(void)sigaddset(&blocked, numbers[i]);
		(void)sigdelset(waiting, numbers[i]);
		(void)sigaction(numbers[i], &action, NULL);
	}
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
}

static sigset_t signals_while_waiting;

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static enum awaited wait_for(struct watch *watch, int fd, uint64_t ms)
{
	uint64_t end = now_ms() + ms;

	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = watch->screen ? screen_fd(watch->screen) : -1,
			  .events = POLLIN },
		};
		uint64_t now = now_ms();
		uint64_t left = now < end ? end - now : 0;
		struct timespec time = { .tv_sec = (time_t)(left / 1000),
					 .tv_nsec = (long)(left % 1000) * 1000000 };
		int n = ppoll(fds, 2, &time, &signals_while_waiting);

		if (interrupted || (n < 0 && errno != EINTR))
			return AWAITED_END;
		if (watch->screen && screen_wants_end(watch->screen, watch))
			return AWAITED_END;
		if (n > 0 && fds[0].revents)
			return AWAITED_BYTES;
		if (n == 0)
			return AWAITED_TIME;
	}
}

enum awaited watch_wait(struct watch *watch, int fd, uint64_t ms)
{
	enum awaited awaited = wait_for(watch, fd, ms);

	watch->quit = awaited == AWAITED_END;
	return awaited;
}

bool watch_is_over(const struct watch *watch)
{
	return interrupted || watch->out.error ||
	       (watch->count && watch->looks >= watch->count);
}

static int found(void *arg, const struct comparison *comparison, const struct difference *d)
{
	struct watch *watch = arg;

	if (watch->screen)
		screen_difference(watch->screen, comparison, d);
	else
		lines_difference(watch, comparison, d);
	return watch->out.error;
}

static int count_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct watch *watch = arg;
	struct row row;

	for (size_t i = 0; i < n; i++) {
		row_decode(&row, &watch->comparison.after.view, ptex + i, entries[i]);
		if (!comparison_wants(&watch->comparison, &row))
			continue;
		watch->valid++;
		watch->bolted += !!(entries[i].v & HPT_V_BOLTED);
	}
	return 0;
}

static int compare(struct watch *watch, const struct hpt_table *before, struct hpt_error *err)
{
	struct comparison *comparison = &watch->comparison;
	int ret;

	if (!before)
		return 0;
	comparison->before.table = before;
	view_init(&comparison->before.view, before, watch->sizes);
	comparison->by_page = watch->by_page ||
			      comparison->before.view.order != comparison->after.view.order;
	comparison->found = found;
	comparison->arg = watch;
	ret = comparison_run(comparison, err);
	for (unsigned i = 0; i < DIFF_KINDS; i++)
		watch->total[i] += comparison->kinds[i];
	return ret;
}

int watch_look(struct watch *watch, const struct hpt_table *before,
	       const struct hpt_table *after)
{
	struct comparison *comparison = &watch->comparison;
	struct hpt_error err;
	int ret;

	watch->looks++;
	memset(comparison->kinds, 0, sizeof(comparison->kinds));
	memset(comparison->fields, 0, sizeof(comparison->fields));
	comparison->after.table = after;
	view_init(&comparison->after.view, after, watch->sizes);
	watch->valid = watch->bolted = 0;
	ret = hpt_table_each(after, 0, UINT64_MAX, count_run, watch, &err);
	if (!ret)
		ret = compare(watch, before, &err);
	if (ret) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	if (watch->screen)
		screen_draw(watch->screen, watch);
	else
		lines_look(watch);
	return 0;
}

/* "2", "0.5", "200ms", "1m" in milliseconds */
static int parse_interval(const char *text, uint64_t *ms)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || text[0] < '0' || text[0] > '9' || strpbrk(text, "xXpPeE"))
		return OPT_BAD;
	if (strcmp(end, "ms") == 0)
		value /= 1000;
	else if (strcmp(end, "m") == 0)
		value *= 60;
	else if (*end && strcmp(end, "s") != 0)
		return OPT_BAD;
	if (value < 0.01 || value > 86400)
		return OPT_BAD;
	*ms = (uint64_t)(value * 1000);
	return 0;
}

static int set_option(struct watch *watch, int code)
{
	struct comparison *comparison = &watch->comparison;

	switch (code) {
	case OPT_INTERVAL:
		watch->has_interval = true;
		if (!parse_interval(optarg, &watch->interval_ms))
			return 0;
		return bad_value(&watch->common, "interval", optarg,
				 "a time: 2, 0.5, 200ms, 1m; from 10ms to a day");
	case OPT_COUNT:
		if (!parse_number(optarg, &watch->count) && watch->count)
			return 0;
		return bad_value(&watch->common, "count", optarg,
				 "a number of looks, from 1 on");
	case OPT_FOLLOW:
		watch->follow = true;
		return 0;
	case OPT_PTEX:
		return filter_range(&watch->common, "ptex", &comparison->ptex);
	case OPT_IGNORE:
		if (!parse_fields(optarg, &comparison->ignore))
			return 0;
		return bad_value(&watch->common, "ignore", optarg,
				 "a list of R, C, N, B, WIMG, pp, key, ra, base_page, "
				 "actual_page, software, ptex");
	case OPT_BY_PAGE:
		watch->by_page = true;
		return 0;
	case OPT_PROCESSOR:
		if (!parse_processor(optarg, &watch->sizes))
			return 0;
		return bad_value(&watch->common, "processor", optarg,
				 "970, power5+, power6, power7, power8, power9 or power10");
	case OPT_LINES:
		watch->lines = true;
		return 0;
	case OPT_JSON:
		watch->json = true;
		return 0;
	default:
		return filter_option(&comparison->filter, &watch->common, code);
	}
}

/* A pipe is read as it comes; what of a file is a stream is known when it is open. */
static bool is_pipe(const char *path)
{
	struct stat st;

	return strcmp(path, "-") == 0 || (stat(path, &st) == 0 && S_ISFIFO(st.st_mode));
}

static int watch_fd(struct watch *watch)
{
	const char *path = watch->common.source;
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0) {
		complain("%s: cannot open: %s", path, strerror(errno));
		return EXIT_ERROR;
	}
	ret = watch_stream(watch, fd, standard ? "standard input" : path);
	if (!standard)
		close(fd);
	return ret;
}

/* A file: a stream is read as one, unless an interval says that it is written anew. */
static int watch_file(struct watch *watch)
{
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct source source;
	int ret = source_need_table(&source, &watch->common, 0);

	if (ret)
		return ret;
	if (source.guest)
		(void)hpt_guest_info(source.guest, &info, NULL);
	if (info.kind != HPT_SOURCE_STREAM || watch->has_interval || watch->common.n_then)
		return watch_poll(watch, &source);
	if (*info.compression) {
		complain(
			"%s: compressed: give the stream through a pipe, as in %s -dc %s | hpt "
			"watch -",
			watch->common.source, info.compression, watch->common.source);
		source_close(&source);
		return EXIT_ERROR;
	}
	watch->common.guest.dialect = info.dialect;
	watch->common.guest.order = info.order;
	source_close(&source);
	return watch_fd(watch);
}

static int watch_source(struct watch *watch)
{
	const char *source = watch->common.source;
	int closed, ret;

	if (is_running(&watch->common) && !watch->has_interval)
		return usage_error(watch->common.command,
				   "each look at %s stops the guest for a moment: --interval "
				   "must say how often",
				   source);
	ret = output_open(&watch->out, STDOUT_FILENO, "standard output");
	if (ret)
		return ret;
	output_colour(&watch->out, watch->common.colour);
	if (!watch->json && !watch->lines)
		watch->screen = screen_begin(watch);
	catch_signals(&signals_while_waiting);
	if (is_pipe(source) || watch->follow)
		ret = watch_fd(watch);
	else
		ret = watch_file(watch);
	/* A table that was drawn stays until it was seen. */
	while (watch->screen && !ret && !watch->quit && !watch_is_over(watch))
		(void)watch_wait(watch, -1, watch->interval_ms);
	screen_end(watch->screen);
	if (watch->looks)
		lines_end(watch);
	closed = output_close(&watch->out);
	return ret ? ret : closed;
}

static int watch_main(const struct command *self, int argc, char **argv)
{
	struct watch watch = { .interval_ms = 2000, .unit = "look" };
	int code, ret;

	watch.sizes = hpt_page_sizes_of(HPT_CPU_POWER8);
	watch.comparison.ptex.last = UINT64_MAX;
	if (options_begin(&watch.common, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&watch.common, argc, argv)) != OPT_END)
		if (code == OPT_BAD || set_option(&watch, code))
			break;
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (watch.common.help)
		ret = output_text(watch_help);
	else
		ret = options_end(&watch.common, argc, argv);
	if (!ret && !watch.common.help)
		ret = watch_source(&watch);
	free(watch.common.then);
	return ret;
}

const struct command watch_command = {
	.name = "watch",
	.summary = "what changes in a table, while it does",
	.help = watch_help,
	.options = watch_options,
	.short_options = ":h",
	.run = watch_main,
};
