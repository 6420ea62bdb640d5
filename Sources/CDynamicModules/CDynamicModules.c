#define _GNU_SOURCE
#include "CDynamicModules.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int concord_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

// While another thread waits, one that was given a core keeps it for this long at least: the least that Linux allows.
static const uint64_t slice_nanoseconds = 100000;
// SCHED_FLAG_RESET_ON_FORK
static const uint64_t reset_on_fork = 1;

void concord_yield_soon(void) {
    // Linux before 6.12 takes no notice of the slice.
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t slice, deadline, period;
    } attributes = {.size = sizeof attributes, .flags = reset_on_fork, .slice = slice_nanoseconds};
    // Linux has a niceness for each thread, and 0 is the one that asks.
    attributes.nice = getpriority(PRIO_PROCESS, 0);
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}

// MARK: Names

// Of the Swift runtime.
extern char *swift_demangle(const char *name, size_t length, char *buffer, size_t *buffer_size, uint32_t flags);

char *concord_demangled(const char *symbol) { return swift_demangle(symbol, strlen(symbol), NULL, NULL, 0); }

// MARK: Ranges

struct search {
    uintptr_t address;
    uintptr_t low, high;
};

static int look_at(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    struct search *search = data;
    uintptr_t low = UINTPTR_MAX, high = 0;
    for (int index = 0; index < info->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[index];
        if (part->p_type != PT_LOAD) continue;
        uintptr_t begin = info->dlpi_addr + part->p_vaddr, end = begin + part->p_memsz;
        if (begin < low) low = begin;
        if (end > high) high = end;
    }
    if (search->address < low || search->address >= high) return 0;
    search->low = low;
    search->high = high;
    return 1;
}

int concord_code_range(const void *address, uintptr_t *low, uintptr_t *high) {
    struct search search = {(uintptr_t)address, 0, 0};
    if (!dl_iterate_phdr(look_at, &search)) return 0;
    *low = search.low;
    *high = search.high;
    return 1;
}

// MARK: Traps

enum { ranges_max = 256, name_max = 64, frames_max = 64 };

static const int signals[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
enum { signals_count = sizeof signals / sizeof *signals };

struct range {
    char module[name_max + 1], digest[name_max + 1];
    uintptr_t low, high;
};

static struct range ranges[ranges_max];
static atomic_int ranges_count;
static _Thread_local struct range opening;
static struct sigaction previous[signals_count];
static atomic_int target = -1;

// The handler calls nothing that allocates: it writes its line into a buffer of its own.
struct line {
    char text[512];
    size_t length;
};

static void put(struct line *line, const char *text) {
    while (*text && line->length < sizeof line->text - 1) line->text[line->length++] = *text++;
}

static void put_number(struct line *line, unsigned long long number) {
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    put(line, digits + at);
}

/// The module that is being opened on this thread, or else the one whose code is innermost on the stack.
static const struct range *culprit(void **place) {
    // A library that is half loaded is not walked over.
    if (opening.module[0]) return &opening;
    void *frames[frames_max];
    int depth = backtrace(frames, frames_max);
    int count = atomic_load(&ranges_count);
    for (int frame = 0; frame < depth; frame++) {
        for (int index = 0; index < count; index++) {
            uintptr_t address = (uintptr_t)frames[frame];
            if (address < ranges[index].low || address >= ranges[index].high) continue;
            *place = frames[frame];
            return &ranges[index];
        }
    }
    return NULL;
}

static void write_down(int number) {
    int descriptor = atomic_exchange(&target, -1);
    if (descriptor < 0) return;
    void *place = NULL;
    const struct range *range = culprit(&place);
    if (!range) return;
    struct line line = {.length = 0};
    // Whatever stands at the end of the file.
    put(&line, "\n");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    put(&line, "trap ");
    put_number(&line, (unsigned long long)now.tv_sec);
    put(&line, " ");
    put(&line, range->module);
    put(&line, " ");
    put(&line, range->digest);
    put(&line, " ");
    put_number(&line, (unsigned long long)number);
    put(&line, " ");
    put_number(&line, place ? (uintptr_t)place - range->low : 0);
    line.text[line.length++] = '\n';
    ssize_t written = write(descriptor, line.text, line.length);
    (void)written;
}

static void on_signal(int number, siginfo_t *information, void *context) {
    (void)context;
    // Whoever was there before has the signal again as soon as this returns: the trap repeats itself.
    for (int index = 0; index < signals_count; index++) sigaction(signals[index], &previous[index], NULL);
    write_down(number);
    // A signal that somebody sent does not repeat itself, nor does a breakpoint.
    if (information->si_code <= 0 || number == SIGTRAP) raise(number);
}

void concord_traps_watch(int descriptor) {
    // Loads what unwinding needs; a handler must not.
    void *frame;
    backtrace(&frame, 1);
    atomic_store(&target, descriptor);
    struct sigaction action = {0};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (int index = 0; index < signals_count; index++) sigaction(signals[index], &action, &previous[index]);
}

static void name(struct range *range, const char *module, const char *digest) {
    strncpy(range->module, module, name_max);
    strncpy(range->digest, digest, name_max);
}

void concord_traps_add(const char *module, const char *digest, uintptr_t low, uintptr_t high) {
    int index = atomic_load(&ranges_count);
    if (index >= ranges_max) return;
    name(&ranges[index], module, digest);
    ranges[index].low = low;
    ranges[index].high = high;
    atomic_store(&ranges_count, index + 1);
}

void concord_traps_begin_opening(const char *module, const char *digest) { name(&opening, module, digest); }

void concord_traps_end_opening(void) { opening = (struct range){0}; }
