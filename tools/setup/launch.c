/*
 * The quick half of the launcher: is the build in dist/ newer than everything it was made from? Then Node is executed
 * on it, else the slow road (build-and-run.sh). In C because a shell needs 4 microseconds for each comparison and
 * there are hundreds; this takes a few hundred microseconds in all.
 *
 *   launch ROOT [ARG...]     execute rkt with these arguments, building first when needed
 *   launch --check ROOT      exit 0 when the build is fresh, 1 when it is not
 *   launch --swap NEW OLD    put NEW in OLD's place in one step; what was OLD is then called NEW
 *
 * dist/sources lists one path a line, relative to ROOT: the pinned Node, then what the build was made from.
 * The time of dist/stamp is the moment the build began, so an edit made while it ran counts as newer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1 << 1)
#endif

static char node[PATH_MAX];

static int newer(const struct timespec *a, const struct timespec *b) {
  return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* The whole list in one read; NULL when there is none. */
static char *read_list(int root) {
  struct stat st;
  int fd = openat(root, "dist/sources", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st) != 0) return NULL;
  char *text = malloc((size_t)st.st_size + 1);
  ssize_t got = text ? read(fd, text, (size_t)st.st_size) : -1;
  close(fd);
  if (got != st.st_size) return NULL;
  text[got] = '\0';
  return text;
}

static int is_fresh(const char *rootPath) {
  struct stat stamp, source;
  int root = open(rootPath, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0 || fstatat(root, "dist/stamp", &stamp, 0) != 0) return 0;
  char *rest = read_list(root);
  if (!rest) return 0;
  char *line = strsep(&rest, "\n");
  if (snprintf(node, sizeof node, "%s/%s", rootPath, line) >= (int)sizeof node) return 0;
  if (faccessat(root, line, X_OK, 0) != 0) return 0;
  while ((line = strsep(&rest, "\n")) && *line) {
    if (fstatat(root, line, &source, 0) != 0 || newer(&source.st_mtim, &stamp.st_mtim)) return 0;
  }
  close(root);
  return 1;
}

/* Exchanging needs both names; where the file system cannot exchange, two renames leave a moment without dist/,
   in which a launch takes the slow road and waits for the build's lock. */
static int swap(const char *fresh, const char *place) {
  if (syscall(SYS_renameat2, AT_FDCWD, fresh, AT_FDCWD, place, RENAME_EXCHANGE) == 0) return 0;
  char aside[PATH_MAX];
  snprintf(aside, sizeof aside, "%s.aside", fresh);
  if (rename(place, aside) != 0 && errno != ENOENT) return perror(place), 1;
  if (rename(fresh, place) != 0) return perror(fresh), 1;
  if (rename(aside, fresh) != 0 && errno != ENOENT) return perror(aside), 1;
  return 0;
}

/* The words of tools/setup/node-options, as its compiler is told (compile-launcher.ts). */
static const char *const nodeOptions[] = {NODE_OPTIONS};

/* The one that saves a little, and that a process may not have which reads what strangers wrote: "begin again" in packages/cli. */
static const char foreseeable[] = "--no-rehash-snapshot";

/* Whether the command, the first bare word, is one that reads from elsewhere: then it need not begin twice. */
static int reads_elsewhere(int argc, char **argv) {
  for (int i = 0; i < argc; i++) {
    if (argv[i][0] >= 'a' && argv[i][0] <= 'z' && strspn(argv[i], "abcdefghijklmnopqrstuvwxyz-") == strlen(argv[i])) return strcmp(argv[i], "fetch") == 0;
  }
  return 0;
}

/* The program, its options, the script, then the caller's arguments, as one vector. */
static void execute(const char *program, const char *script, const char *root, int argc, char **argv) {
  char path[PATH_MAX];
  char **vector = calloc((size_t)argc + 4 + sizeof nodeOptions / sizeof *nodeOptions, sizeof *vector);
  if (!vector || snprintf(path, sizeof path, "%s/%s", root, script) >= (int)sizeof path) return;
  int n = 0;
  vector[n++] = (char *)program;
  if (strcmp(program, "/bin/sh") != 0) {
    for (size_t i = 0; i < sizeof nodeOptions / sizeof *nodeOptions; i++) {
      if (strcmp(nodeOptions[i], foreseeable) != 0 || !reads_elsewhere(argc, argv)) vector[n++] = (char *)nodeOptions[i];
    }
  }
  vector[n++] = path;
  if (strcmp(program, "/bin/sh") == 0) vector[n++] = (char *)root;
  for (int i = 0; i < argc; i++) vector[n++] = argv[i];
  execv(program, vector);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "--check") == 0) return is_fresh(argv[2]) ? 0 : 1;
  if (argc == 4 && strcmp(argv[1], "--swap") == 0) return swap(argv[2], argv[3]);
  if (argc < 2) return fputs("usage: launch ROOT [ARG...]\n", stderr), 254;
  if (is_fresh(argv[1])) execute(node, "dist/rkt.cjs", argv[1], argc - 2, argv + 2);
  execute("/bin/sh", "tools/setup/build-and-run.sh", argv[1], argc - 2, argv + 2);
  fprintf(stderr, "rkt: cannot start /bin/sh: %s\n", strerror(errno));
  return 254;
}
