/* Preloaded into a server, counts its allocations: every call that takes memory from the allocator, whatever its size.
 *
 * CONCORD_ALLOCATIONS names a file of 8 bytes that the test maps too: how many there have been. The allocator is
 * whichever the server has: the C library's or one of its own. What is asked for while its functions are looked up comes
 * from a small place that is never given back.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic int64_t *allocations;

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void *(*next_memalign)(size_t, size_t);
static void (*next_free)(void *);

static _Alignas(16) unsigned char early[16384];
static size_t early_used;
static int is_looking;

static int is_early(const void *place) {
    return (const unsigned char *)place >= early && (const unsigned char *)place < early + sizeof early;
}

static void *take_early(size_t size) {
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded > sizeof early - early_used) abort();
    void *place = early + early_used;
    early_used += rounded;
    return place;
}

/* The first call comes from the loader, when there is one thread. */
static int is_ready(void) {
    if (next_free) return 1;
    if (is_looking) return 0;
    is_looking = 1;
    next_malloc = dlsym(RTLD_NEXT, "malloc");
    next_calloc = dlsym(RTLD_NEXT, "calloc");
    next_realloc = dlsym(RTLD_NEXT, "realloc");
    next_memalign = dlsym(RTLD_NEXT, "memalign");
    next_free = dlsym(RTLD_NEXT, "free");
    is_looking = 0;
    return 1;
}

__attribute__((constructor)) static void map_count(void) {
    const char *path = getenv("CONCORD_ALLOCATIONS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *place = mmap(NULL, sizeof *allocations, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (place != MAP_FAILED) allocations = place;
}

static void count(void) {
    if (allocations) atomic_fetch_add_explicit(allocations, 1, memory_order_relaxed);
}

void *malloc(size_t size) {
    if (!is_ready()) return take_early(size);
    count();
    return next_malloc(size);
}

void *calloc(size_t number, size_t size) {
    /* Nobody has written to that place before. */
    if (!is_ready()) return take_early(number * size);
    count();
    return next_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    if (!is_ready() || is_early(old)) {
        void *place = malloc(size);
        size_t most = old ? (size_t)(early + sizeof early - (unsigned char *)old) : 0;
        if (old) memcpy(place, old, size < most ? size : most);
        return place;
    }
    count();
    return next_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    if (!is_ready()) abort();
    count();
    return next_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **place, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
    void *memory = memalign(alignment, size);
    if (!memory) return ENOMEM;
    *place = memory;
    return 0;
}

void free(void *place) {
    if (!place || is_early(place) || !is_ready()) return;
    next_free(place);
}
