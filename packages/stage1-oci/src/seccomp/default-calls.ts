/** rkt's default allow list. */
export const rktDefaultCalls: readonly string[] = `
  _llseek _newselect accept accept4 access alarm arch_prctl bind brk capget capset chdir chmod chown chown32 chroot clock_getres
  clock_gettime clock_nanosleep clone close connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl
  epoll_ctl_old epoll_pwait epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat fadvise64 fadvise64_64
  fallocate fanotify_mark fchdir fchmod fchmodat fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork
  fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futimesat get_robust_list
  get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer
  getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage
  getsid getsockname getsockopt gettid gettimeofday getuid getuid32 getxattr inotify_add_watch inotify_init inotify_init1
  inotify_rm_watch io_cancel io_destroy io_getevents io_setup io_submit ioctl ioprio_get ioprio_set ipc kill lchown lchown32 lgetxattr
  link linkat listen listxattr llistxattr lremovexattr lseek lsetxattr lstat lstat64 madvise memfd_create mincore mkdir mkdirat mknod
  mknodat mlock mlock2 mlockall mmap mmap2 modify_ldt mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink
  mremap msgctl msgget msgrcv msgsnd msync munlock munlockall munmap nanosleep newfstatat open openat pause personality pipe pipe2 poll
  ppoll prctl pread64 preadv prlimit64 pselect6 pwrite64 pwritev read readahead readlink readlinkat readv recv recvfrom recvmmsg recvmsg
  remap_file_pages removexattr rename renameat renameat2 restart_syscall rmdir rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
  rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity
  sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
  sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop send sendfile sendfile64 sendmmsg sendmsg sendto
  set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32
  setitimer setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid
  setsockopt setuid setuid32 setxattr shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 sigreturn socket socketcall
  socketpair splice stat stat64 statfs statfs64 symlink symlinkat sync sync_file_range syncfs sysinfo syslog tee tgkill time
  timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill
  truncate truncate64 ugetrlimit umask uname unlink unlinkat utime utimensat utimes vfork vmsplice wait4 waitid waitpid write writev
`.trim().split(/\s+/)

/** What today's C libraries and programs use and rkt's list, older than they are, does not name. Calls of one architecture only are no harm on another. */
export const newerCalls: readonly string[] = `
  arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush cachestat clock_getres_time64 clock_gettime64 clock_nanosleep_time64 clone3
  close_range epoll_pwait2 faccessat2 fchmodat2 futex_requeue futex_time64 futex_wait futex_waitv futex_wake getxattrat io_pgetevents
  io_pgetevents_time64 landlock_add_rule landlock_create_ruleset landlock_restrict_self listxattrat map_shadow_stack membarrier
  memfd_secret mq_timedreceive_time64 mq_timedsend_time64 mseal openat2 pidfd_open pidfd_send_signal pkey_alloc pkey_free pkey_mprotect
  ppoll_time64 preadv2 process_mrelease pselect6_time64 pwritev2 recvmmsg_time64 removexattrat rseq rt_sigtimedwait_time64
  sched_rr_get_interval_time64 semtimedop_time64 set_tls setxattrat statx sync_file_range2 timer_gettime64 timer_settime64
  timerfd_gettime64 timerfd_settime64 utimensat_time64
`.trim().split(/\s+/)
