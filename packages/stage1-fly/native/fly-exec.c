/*
 * Becomes the app of a fly pod: joins its cgroup, changes root, takes the app's user, and executes it in place, so that whoever started us
 * sees exactly how the app ends.
 *
 *   fly-exec SPEC                  the program that the spec names; it dies with whoever started us
 *   fly-exec --enter SPEC CMD...   another program, with everything else as the app has it
 *
 * SPEC holds strings, each ended by NUL: "fly-exec 1", root, working directory, uid, gid, number of supplementary groups, these, number of
 * cgroups, their directories, number of arguments, these, number of environment variables, these.
 * Exit 254: the app was not started, standard error says why.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

typedef struct {
  char *at, *end;
} Strings;

static void fail(const char *what, const char *object) {
  int number = errno;
  fprintf(stderr, "fly-exec: %s%s%s: %s\n", what, object == NULL ? "" : " ", object == NULL ? "" : object, strerror(number));
  exit(254);
}

static void malformed(const char *what) {
  fprintf(stderr, "fly-exec: the spec is not one of ours: %s\n", what);
  exit(254);
}

static Strings read_spec(const char *path) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 || fstat(fd, &status) != 0) fail("cannot open", path);
  if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 022) != 0) malformed("others may have written it");
  size_t size = (size_t)status.st_size, length = 0;
  char *text = malloc(size + 1);
  if (text == NULL) fail("no memory", NULL);
  while (length < size) {
    ssize_t count = read(fd, text + length, size - length);
    if (count <= 0) fail("cannot read", path);
    length += (size_t)count;
  }
  close(fd);
  if (size == 0 || text[size - 1] != 0) malformed("it is cut short");
  return (Strings){text, text + size};
}

static char *next(Strings *strings) {
  if (strings->at >= strings->end) malformed("it is cut short");
  char *text = strings->at;
  strings->at += strlen(text) + 1;
  return text;
}

/* Only digits, and what fits: a number that wrapped round would be another user. */
static unsigned long next_number(Strings *strings, unsigned long most) {
  char *text = next(strings), *end = NULL;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != 0 || errno != 0 || value > most) malformed(text);
  return value;
}

static char **next_list(Strings *strings, size_t *count) {
  *count = next_number(strings, 1000000);
  char **list = calloc(*count + 1, sizeof *list);
  if (list == NULL) fail("no memory", NULL);
  for (size_t i = 0; i < *count; i++) list[i] = next(strings);
  return list;
}

static void join_cgroups(Strings *strings) {
  size_t count;
  char **directories = next_list(strings, &count), path[4096];
  for (size_t i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/cgroup.procs", directories[i]);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1) fail("cannot join the cgroup", path);
    close(fd);
  }
}

static void take_user(uid_t uid, gid_t gid, const gid_t *groups, size_t count) {
  if (setgroups(count, groups) != 0) fail("cannot set the supplementary groups", NULL);
  if (setresgid(gid, gid, gid) != 0) fail("cannot become the group", NULL);
  if (setresuid(uid, uid, uid) != 0) fail("cannot become the user", NULL);
}

/* Changing credentials clears the signal, so it is asked for again; a parent that died in between is found out by hand. */
static void die_with_parent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) fail("cannot ask for the parent's death", NULL);
  if (getppid() != parent) raise(SIGKILL);
}

static const char *path_of(char **environment) {
  for (; *environment != NULL; environment++)
    if (strncmp(*environment, "PATH=", 5) == 0) return *environment + 5;
  return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* A name without a slash is looked up in the app's PATH. */
static void execute(char **argv, char **environment) {
  if (strchr(argv[0], '/') != NULL) {
    execve(argv[0], argv, environment);
    fail("cannot execute", argv[0]);
  }
  const char *at = path_of(environment);
  int number = ENOENT;
  char file[4096];
  for (;;) {
    const char *end = strchrnul(at, ':');
    if (snprintf(file, sizeof file, "%.*s/%s", (int)(end - at), at, argv[0]) < (int)sizeof file && *at == '/') {
      execve(file, argv, environment);
      if (errno != ENOENT && errno != ENOTDIR) number = errno;
    }
    if (*end == 0) break;
    at = end + 1;
  }
  errno = number;
  fail("cannot execute", argv[0]);
}

int main(int argc, char **argv) {
  pid_t parent = getppid();
  int enter = argc > 1 && strcmp(argv[1], "--enter") == 0;
  if (enter ? argc < 4 : argc != 2) {
    fprintf(stderr, "usage: fly-exec SPEC | fly-exec --enter SPEC CMD...\n");
    return 254;
  }
  Strings strings = read_spec(argv[enter ? 2 : 1]);
  if (strcmp(next(&strings), "fly-exec 1") != 0) malformed("its version is another");
  char *root = next(&strings), *directory = next(&strings);
  uid_t uid = (uid_t)next_number(&strings, 4294967294UL);
  gid_t gid = (gid_t)next_number(&strings, 4294967294UL);
  size_t group_count = next_number(&strings, 65536), count;
  gid_t *groups = calloc(group_count + 1, sizeof *groups);
  if (groups == NULL) fail("no memory", NULL);
  for (size_t i = 0; i < group_count; i++) groups[i] = (gid_t)next_number(&strings, 4294967294UL);
  join_cgroups(&strings);
  char **program = next_list(&strings, &count);
  if (count == 0) malformed("it has no program");
  char **environment = next_list(&strings, &count);

  /* With descriptors 0, 1, 2 only: what our starter let through is not for the app. */
  if (syscall(SYS_close_range, 3U, ~0U, 0) != 0 && errno != ENOSYS) fail("cannot close descriptors", NULL);
  if (chroot(root) != 0) fail("cannot change the root to", root);
  if (chdir("/") != 0) fail("cannot go to", "/");
  if (!enter && chdir(directory) != 0) fail("cannot go to the working directory", directory);
  take_user(uid, gid, groups, group_count);
  if (!enter) die_with_parent(parent);
  execute(enter ? argv + 3 : program, environment);
}
