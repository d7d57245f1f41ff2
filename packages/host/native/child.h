/*
 * What a child does between clone and exec. It runs in the parent's memory (CLONE_VM | CLONE_VFORK: no page tables are copied,
 * whatever the size of the heap) while the parent's thread waits, so it makes raw syscalls only and reports its errno by
 * leaving it in the struct.
 */
#ifndef ROCKET_CHILD_H
#define ROCKET_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct {
  const char *file;
  char **argv, **env;
  const char *cwd, *root, *hostname;
  /* descriptor i of the child is a copy of fds[i]; -1 leaves it closed. Every other descriptor is closed. */
  int *fds;
  size_t fd_count;
  /* namespaces to join, in this order */
  int *joins;
  size_t join_count;
  int clone_flags;
  int parent_death_signal;
  /* a descriptor of the child that becomes its controlling terminal; -1 for none */
  int terminal;
  bool new_session, new_group, no_new_privileges, loopback_up;
  bool set_uid, set_gid, set_groups;
  uid_t uid;
  gid_t gid;
  gid_t *groups;
  size_t group_count;

  pid_t parent;
  /* after a failure: what failed, on what, and why */
  const char *step, *object;
  int error;
} Child;

/* The pid, or -1 with step, object and error set; a child that failed has been reaped. */
pid_t child_start(Child *child);

/* Runs `work` in a short-lived child that has joined the namespace, so that the caller never leaves its own. 0 or an errno. */
int in_namespace(int fd, int (*work)(void *), void *argument);

/* Sets the loopback interface of the current network namespace up. 0 or an errno. */
int set_loopback_up(void);

#endif
