#define _GNU_SOURCE
#include "relay.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int relay_pin(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    for (int other = 0; other < CPU_SETSIZE; other++) {
        if (core < 0 || other == core) CPU_SET(other, &cores);
    }
    return sched_setaffinity(0, sizeof cores, &cores);
}

int relay_hold(int thread, int thousandths) {
    // Of sched_setattr(2), which not every C library has.
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {.size = sizeof attributes, .policy = 6 /* SCHED_DEADLINE */, .flags = 1 /* RESET_ON_FORK */};
    attributes.period = attributes.deadline = 10 * 1000 * 1000;
    attributes.runtime = attributes.period / 1000 * (uint64_t)thousandths;
    return (int)syscall(SYS_sched_setattr, thread, &attributes, 0);
}

int relay_end_with(int parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return -1;
    // It may have ended before it was watched.
    return getppid() == parent ? 0 : -1;
}
