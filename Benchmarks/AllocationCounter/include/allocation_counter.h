#pragma once

#include <stdatomic.h>

// Counts the allocations of a process that this library is loaded into with LD_PRELOAD, thread by thread, in the file
// that ALLOCATION_COUNTS names. The process that wants to know maps the same file.

/// One thread. Unused entries have number 0.
struct allocation_count {
    _Atomic long thread;
    _Atomic long allocations;
    _Atomic long bytes;
};

enum { allocation_count_threads = 256 };
