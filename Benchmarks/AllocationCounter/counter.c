#define _GNU_SOURCE
#include "allocation_counter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// glibc's own allocator under the names by which a replacement may call it.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static struct allocation_count *_Atomic counts;
static _Atomic int used;
static struct allocation_count nowhere;
static _Thread_local struct allocation_count *mine;

__attribute__((constructor)) static void allocation_counter_open(void) {
    const char *path = getenv("ALLOCATION_COUNTS");
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return;
    size_t size = sizeof(struct allocation_count) * allocation_count_threads;
    if (ftruncate(file, (off_t)size) == 0) {
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (memory != MAP_FAILED) counts = memory;
    }
    close(file);
}

static void note(size_t size) {
    if (mine == NULL) {
        struct allocation_count *table = counts;
        if (table == NULL) return;
        int index = used++;
        mine = index < allocation_count_threads ? &table[index] : &nowhere;
        mine->thread = syscall(SYS_gettid);
    }
    mine->allocations++;
    mine->bytes += (long)size;
}

void *malloc(size_t size) {
    note(size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note(count * size);
    return __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t size) {
    note(size);
    return __libc_realloc(pointer, size);
}

void *memalign(size_t alignment, size_t size) {
    note(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **pointer, size_t alignment, size_t size) {
    void *memory = memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *pointer = memory;
    return 0;
}
