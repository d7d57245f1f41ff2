/* What several files of the addon do to files. */
#ifndef ROCKET_FILES_H
#define ROCKET_FILES_H

#include "args.h"
#include <linux/openat2.h>
#include <sys/stat.h>
#include <time.h>

/* openat2, asked again when a rename raced with a scoped walk. -1 and errno. */
int open_scoped(int dirfd, const char *path, const struct open_how *how);
/* Never follows a link at the end: a link gives ENOTSUP, as links have no mode. */
int chmod_nofollow(int dirfd, const char *name, mode_t mode);
struct timespec from_nanoseconds(int64_t ns);

#endif
