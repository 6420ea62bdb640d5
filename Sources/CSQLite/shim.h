#ifndef CONCORD_CSQLITE_H
#define CONCORD_CSQLITE_H

#include <sqlite3.h>

/// SQLite's destructor constants are casts, which Swift does not import.
static inline sqlite3_destructor_type concord_sqlite_transient(void) { return SQLITE_TRANSIENT; }

/// Variadic functions are not imported either. Without counts of its memory SQLite needs no lock around every allocation;
/// has an effect only before the library is first used.
static inline int concord_sqlite_forgo_memory_counts(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

#endif
