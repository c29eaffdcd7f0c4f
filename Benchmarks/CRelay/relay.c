#define _GNU_SOURCE
#include "relay.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

int relay_poller_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

void relay_poller_change(int poller, enum relay_change change, int socket, uint64_t tag, int until_writable) {
    static const int operations[] = {EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL};
    struct epoll_event event = {.events = EPOLLIN | (until_writable ? EPOLLOUT : 0), .data.u64 = tag};
    epoll_ctl(poller, operations[change], socket, &event);
}

int relay_poller_wait(int poller, struct relay_event *events, int capacity, int64_t nanoseconds) {
    struct epoll_event ready[1024];
    struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int count = epoll_pwait2(poller, ready, capacity < 1024 ? capacity : 1024, &limit, NULL);
    for (int index = 0; index < count; index++) {
        events[index].tag = ready[index].data.u64;
        events[index].is_writable = (ready[index].events & EPOLLOUT) != 0;
    }
    return count;
}

int relay_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

ptrdiff_t relay_find(const void *bytes, size_t count, const void *text, size_t text_count) {
    const char *found = memmem(bytes, count, text, text_count);
    return found == NULL ? -1 : found - (const char *)bytes;
}
