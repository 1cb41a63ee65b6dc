/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "sandbox.h"

/*
 * Entering the sandbox, and the part of it that Landlock is: which files may be changed, and
 * where. Source: the kernel's Documentation/userspace-api/landlock.rst.
 */

#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned allowed;
static bool off;

void sandbox_off(void)
{
	off = true;
}

void sandbox_allow(unsigned needs)
{
	allowed |= needs;
}

/* A guest that runs is reached by a socket. */
void sandbox_allow_sources(char *const *arguments)
{
	for (; *arguments; arguments++)
		if (strncmp(*arguments, "qmp:", 4) == 0)
			sandbox_allow(SANDBOX_CONNECT);
}

#if defined(HPT_SANDBOX) && defined(HAVE_LINUX_LANDLOCK_H) && \
	defined(SYS_landlock_create_ruleset)
#include <linux/landlock.h>

/* Rights and members that came later than the first version: the build's headers may lack them. */
#define REFER (UINT64_C(1) << 13)
#define TRUNCATE (UINT64_C(1) << 14)
#define BIND_TCP UINT64_C(1)
#define CONNECT_TCP UINT64_C(2)
#define SCOPE_ABSTRACT_SOCKET UINT64_C(1)
#define SCOPE_SIGNAL UINT64_C(2)

struct ruleset {
	uint64_t files;
	uint64_t network;
	uint64_t scoped;
};

#define NAMING (LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static int landlock_version(void)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

/* All that is denied unless a rule grants it: everything but to read. */
static struct ruleset denied(int version, unsigned needs)
{
	struct ruleset set = {
		.files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
			 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
			 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
			 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
			 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
			 LANDLOCK_ACCESS_FS_MAKE_SYM,
	};

	if (version >= 2)
		set.files |= REFER;
	if (version >= 3)
		set.files |= TRUNCATE;
	if (version >= 4)
		set.network = BIND_TCP | CONNECT_TCP;
	if (version >= 6)
		set.scoped = SCOPE_SIGNAL;
	if (version >= 6 && !(needs & SANDBOX_CONNECT))
		set.scoped |= SCOPE_ABSTRACT_SOCKET;
	return set;
}

static void grant(int rules, const char *directory, uint64_t rights)
{
	struct landlock_path_beneath_attr beneath = { .allowed_access = rights };

	beneath.parent_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (beneath.parent_fd < 0)
		return;
	(void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	close(beneath.parent_fd);
}

/*
 * Files without a name are where the library keeps what it cannot go back in. With rights to
 * write there, seccomp is what keeps files that have a name from being opened; without it
 * memory has to do.
 */
static void grant_spools(int rules, uint64_t files)
{
	uint64_t rights = files & (LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE);

	if (!seccomp_grants())
		return;
	grant(rules, "/var/tmp", rights);
	grant(rules, "/tmp", rights);
}

static bool landlock_enter(unsigned needs, const char *directory)
{
	int version = landlock_version();
	struct ruleset set = denied(version, needs);
	int rules;
	bool done;

	if (!version)
		return false;
	rules = (int)syscall(SYS_landlock_create_ruleset, &set, sizeof(set), 0);
	if (rules < 0)
		return false;
	grant_spools(rules, set.files);
	if (directory)
		grant(rules, directory, NAMING);
	done = !syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
	return done;
}

static const char *landlock_feature(char *text, size_t room)
{
	int version = landlock_version();

	if (!version)
		return "no Landlock (this kernel has none)";
	(void)snprintf(text, room, "Landlock (version %d of this kernel)", version);
	return text;
}
#else
static bool landlock_enter(unsigned needs, const char *directory)
{
	(void)needs;
	(void)directory;
	return false;
}

static const char *landlock_feature(char *text, size_t room)
{
	(void)text;
	(void)room;
	return "no Landlock (built without it)";
}
#endif

#ifdef HPT_SANDBOX
void sandbox_enter(const char *directory)
{
	bool files, calls;

	if (off)
		return;
	off = true; /* from here on there is no way back, and no need of another */
	/* Without this both are root's alone. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		complain("goes on without a sandbox: this kernel takes no privileges away");
		return;
	}
	files = landlock_enter(allowed, directory);
	calls = seccomp_enter(allowed, directory != NULL);
	if (!files && !calls)
		complain("goes on without a sandbox: this kernel has neither Landlock nor "
			 "seccomp for it (--no-sandbox says that this is known)");
}

void sandbox_describe(struct output *out)
{
	char text[64];

	put_text(out, "sandbox: ");
	put_text(out, landlock_feature(text, sizeof(text)));
	put_text(out, ", ");
	put_text(out, seccomp_feature(text, sizeof(text)));
	put_char(out, '\n');
}
#else
/* A build that has nothing for it, or in which a checker does what it would forbid. */
void sandbox_enter(const char *directory)
{
	(void)landlock_enter(allowed, directory);
	off = true;
}

void sandbox_describe(struct output *out)
{
	char text[64];

	(void)landlock_feature(text, sizeof(text));
	put_text(out, "sandbox: no (built without it)\n");
}
#endif
