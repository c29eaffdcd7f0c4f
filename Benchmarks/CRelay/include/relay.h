#pragma once

#include <stddef.h>
#include <stdint.h>

// What the relay benchmark needs of Linux and Swift's Glibc module does not have: epoll, accept4, memmem, prctl, scheduling.

/// A socket that is ready.
struct relay_event {
    uint64_t tag;
    int is_writable;
};

enum relay_change { relay_add, relay_modify, relay_remove };

int relay_poller_create(void);
void relay_poller_change(int poller, enum relay_change change, int socket, uint64_t tag, int until_writable);
/// How many sockets are ready after at most so many nanoseconds; `capacity` is at most 1024.
int relay_poller_wait(int poller, struct relay_event *events, int capacity, int64_t nanoseconds);
/// The next connection that waits, non-blocking, or -1.
int relay_accept(int listener);
/// Where `text` begins in `bytes`, or -1.
ptrdiff_t relay_find(const void *bytes, size_t count, const void *text, size_t text_count);
/// Keeps this process, and those it starts, on one processor core; lets it have all of them if that is negative. Not 0 if that cannot be.
int relay_pin(int core);
/// Lets a thread have so many thousandths of a core and no more. Not 0 if that cannot be.
int relay_hold(int thread, int thousandths);
/// The kernel ends this process, or the program it becomes, when `parent`, which started it, ends. Not 0 if that cannot be.
int relay_end_with(int parent);
