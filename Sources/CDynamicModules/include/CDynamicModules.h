#ifndef CONCORD_DYNAMIC_MODULES_H
#define CONCORD_DYNAMIC_MODULES_H

#include <stddef.h>
#include <stdint.h>

/// A file that has no place but this process' memory; closed where a program starts another. - Returns: -1 on failure.
int concord_memory_file(const char *name);

/// A Swift symbol's name as people write it, in memory of the caller's own; NULL when it is no Swift symbol.
char *concord_demangled(const char *symbol);

/// Writes a line to `descriptor` when the process ends by a trap in one of the watched ranges, and lets the trap go on:
///
///     trap SECONDS MODULE DIGEST SIGNAL OFFSET
///
/// The offset is that of the innermost of its return addresses on the stack, 0 where none is.
/// Watching begins once; the descriptor stays open.
void concord_traps_watch(int descriptor);

/// Puts a range of code under a module's name. Strings longer than 64 bytes are cut. At most 256 ranges; more are not watched.
void concord_traps_add(const char *module, const char *digest, uintptr_t low, uintptr_t high);

/// Between the two calls a trap anywhere on this thread is the module's: its library is being opened.
void concord_traps_begin_opening(const char *module, const char *digest);
void concord_traps_end_opening(void);

/// The thread that calls it gives up its core soon to one that waits; threads that it begins do as others do.
void concord_yield_soon(void);

/// The addresses that the library around `address` occupies. - Returns: 0 when there is none.
int concord_code_range(const void *address, uintptr_t *low, uintptr_t *high);

#endif
