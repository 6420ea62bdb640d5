/* Preloaded into a host, kills it -9 at the n-th step it takes from now on: at a call that sends, writes or forces to disk,
 * just before the call is made. A step is what the outside can see; between two of them there is nothing to lose.
 *
 * CONCORD_KILL_POINTS names a file of 16 bytes that the test maps too: how many steps are left (none: the host lives), and
 * how many have been taken since the test set that to 0.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct state {
    _Atomic int64_t left;
    _Atomic int64_t taken;
};

static struct state *state;

__attribute__((constructor)) static void map_state(void) {
    const char *path = getenv("CONCORD_KILL_POINTS");
    int file = path ? open(path, O_RDWR) : -1;
    if (file < 0) return;
    void *place = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (place != MAP_FAILED) state = place;
}

static void step(void) {
    if (!state) return;
    atomic_fetch_add(&state->taken, 1);
    if (atomic_load(&state->left) > 0 && atomic_fetch_sub(&state->left, 1) == 1) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
}

/* The C library's own function of that name, behind a step. */
#define STEP(result, name, parameters, arguments)                      \
    result name parameters {                                           \
        static result(*next) parameters;                               \
        if (!next) next = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
        step();                                                        \
        return next arguments;                                         \
    }

STEP(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t offset), (file, bytes, count, offset))
STEP(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off64_t offset), (file, bytes, count, offset))
STEP(ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count))
STEP(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count))
STEP(ssize_t, send, (int socket, const void *bytes, size_t count, int flags), (socket, bytes, count, flags))
STEP(ssize_t, sendmsg, (int socket, const struct msghdr *message, int flags), (socket, message, flags))
STEP(int, fsync, (int file), (file))
STEP(int, fdatasync, (int file), (file))
STEP(int, ftruncate64, (int file, off64_t length), (file, length))
