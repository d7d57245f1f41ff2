/**
 * Calls of Linux up to 6.16 on x86 and arm that the default list does not allow. They answer EPERM, as programs expect of a refusal; a call
 * that nobody knows yet answers ENOSYS, so that a newer C library falls back to an older call.
 */
export const otherKnownCalls: readonly string[] = `
  _sysctl acct add_key adjtimex afs_syscall bdflush bpf break clock_adjtime clock_adjtime64 clock_settime clock_settime64 create_module
  delete_module fanotify_init file_getattr file_setattr finit_module fsconfig fsmount fsopen fspick fstatat ftime get_kernel_syms
  get_mempolicy getpmsg gtty idle init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load
  kexec_load keyctl listmount llseek lock lookup_dcookie lsm_get_self_attr lsm_list_modules lsm_set_self_attr mbind migrate_pages mount
  mount_setattr move_mount move_pages mpx name_to_handle_at nfsservctl nice oldfstat oldlstat oldolduname oldstat olduname
  open_by_handle_at open_tree open_tree_attr perf_event_open pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev
  prof profil ptrace putpmsg query_module quotactl quotactl_fd readdir reboot request_key security set_mempolicy set_mempolicy_home_node
  setdomainname sethostname setns settimeofday sgetmask sigaction signal sigpending sigprocmask sigsuspend ssetmask statmount stime stty
  swapoff swapon sysfs tuxcall ulimit umount umount2 unshare uretprobe uselib userfaultfd ustat vhangup vm86 vm86old vserver
`.trim().split(/\s+/)
