/**
 * Named sets of system calls, as one string each: splitting is left to the pod that states one. rkt's two sets equal docker's of 2016; the
 * allow list is followed here by the calls that today's C libraries and language runtimes make and that it did not know yet.
 */
const rktAllow =
  'accept accept4 access alarm arch_prctl bind brk capget capset chdir chmod chown chown32 chroot clock_getres clock_gettime ' +
  'clock_nanosleep clone close connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old ' +
  'epoll_pwait epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat fadvise64 fadvise64_64 ' +
  'fallocate fanotify_mark fchdir fchmod fchmodat fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork ' +
  'fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futimesat getcpu getcwd ' +
  'getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid ' +
  'getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit get_robust_list getrusage ' +
  'getsid getsockname getsockopt get_thread_area gettid gettimeofday getuid getuid32 getxattr inotify_add_watch inotify_init ' +
  'inotify_init1 inotify_rm_watch io_cancel ioctl io_destroy io_getevents ioprio_get ioprio_set io_setup io_submit ipc kill lchown ' +
  'lchown32 lgetxattr link linkat listen listxattr llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 madvise ' +
  'memfd_create mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 modify_ldt mprotect mq_getsetattr mq_notify ' +
  'mq_open mq_timedreceive mq_timedsend mq_unlink mremap msgctl msgget msgrcv msgsnd msync munlock munlockall munmap nanosleep ' +
  'newfstatat _newselect open openat pause personality pipe pipe2 poll ppoll prctl pread64 preadv prlimit64 pselect6 pwrite64 ' +
  'pwritev read readahead readlink readlinkat readv recv recvfrom recvmmsg recvmsg remap_file_pages removexattr rename renameat ' +
  'renameat2 restart_syscall rmdir rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend ' +
  'rt_sigtimedwait rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min ' +
  'sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp ' +
  'select semctl semget semop semtimedop send sendfile sendfile64 sendmmsg sendmsg sendto setfsgid setfsgid32 setfsuid setfsuid32 ' +
  'setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid ' +
  'setresuid32 setreuid setreuid32 setrlimit set_robust_list setsid setsockopt set_thread_area set_tid_address setuid setuid32 ' +
  'setxattr shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 sigreturn socket socketcall socketpair splice stat ' +
  'stat64 statfs statfs64 symlink symlinkat sync sync_file_range syncfs sysinfo syslog tee tgkill time timer_create timer_delete ' +
  'timerfd_create timerfd_gettime timerfd_settime timer_getoverrun timer_gettime timer_settime times tkill truncate truncate64 ' +
  'ugetrlimit umask uname unlink unlinkat utime utimensat utimes vfork vmsplice wait4 waitid waitpid write writev'

const since2016 =
  'arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls riscv_flush_icache riscv_hwprobe cachestat ' +
  'clock_getres_time64 clock_gettime64 clock_nanosleep_time64 clone3 close_range epoll_pwait2 faccessat2 fchmodat2 futex_requeue ' +
  'futex_time64 futex_wait futex_waitv futex_wake getxattrat io_pgetevents io_pgetevents_time64 landlock_add_rule ' +
  'landlock_create_ruleset landlock_restrict_self listxattrat map_shadow_stack membarrier memfd_secret mq_timedreceive_time64 ' +
  'mq_timedsend_time64 mseal openat2 pidfd_getfd pidfd_open pidfd_send_signal pkey_alloc pkey_free pkey_mprotect ppoll_time64 ' +
  'preadv2 process_mrelease pselect6_time64 pwritev2 recvmmsg_time64 removexattrat rseq rt_sigtimedwait_time64 ' +
  'sched_rr_get_interval_time64 semtimedop_time64 setxattrat statx timerfd_gettime64 timerfd_settime64 timer_gettime64 ' +
  'timer_settime64 utimensat_time64'

const rktDeny =
  'acct add_key adjtimex bpf clock_adjtime clock_settime clone create_module delete_module finit_module get_kernel_syms ' +
  'get_mempolicy init_module ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind mount move_pages ' +
  'name_to_handle_at nfsservctl open_by_handle_at perf_event_open personality pivot_root process_vm_readv process_vm_writev ptrace ' +
  'query_module quotactl reboot request_key set_mempolicy setns settimeofday stime swapon swapoff sysfs _sysctl umount umount2 ' +
  'unshare uselib userfaultfd ustat vm86 vm86old'

const clock = 'adjtimex clock_adjtime clock_settime settimeofday stime'
const module = 'delete_module finit_module init_module'
const rawIo = 'ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write s390_pci_mmio_read s390_pci_mmio_write'

/** systemd's groups as of v231, the version rkt asked for. */
const systemd: Readonly<Record<string, string>> = {
  clock,
  'default-whitelist':
    'clock_getres clock_gettime clock_nanosleep execve exit exit_group getrlimit gettimeofday nanosleep pause rt_sigreturn sigreturn time',
  mount: 'chroot mount oldumount pivot_root umount umount2',
  'network-io':
    'accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmsg send sendmmsg sendmsg sendto ' +
    'setsockopt shutdown socket socketcall socketpair',
  obsolete:
    '_sysctl afs_syscall break create_module ftime get_kernel_syms getpmsg gtty lock mpx prof profil putpmsg query_module security ' +
    'sgetmask ssetmask stty sysfs tuxcall ulimit uselib ustat vserver',
  privileged:
    `${clock} ${module} ${rawIo} acct bpf capset chown chown32 chroot fchown fchown32 fchownat kexec_file_load kexec_load ` +
    'lchown lchown32 nfsservctl pivot_root quotactl reboot setdomainname setfsuid setfsuid32 setgroups setgroups32 sethostname setresuid ' +
    'setresuid32 setreuid setreuid32 setuid setuid32 swapoff swapon _sysctl vhangup',
  process: 'arch_prctl clone execve execveat fork kill prctl setns tgkill tkill unshare vfork',
  'raw-io': rawIo,
}

const listed = { 'default-whitelist': `${rktAllow} ${since2016}`, 'default-blacklist': rktDeny }

/** Scope and name to calls. `@appc.io` is not among them: its two names stand for everything and for the default. */
export const syscallSets: Readonly<Record<string, Readonly<Record<string, string>>>> = { rkt: listed, docker: listed, systemd }
