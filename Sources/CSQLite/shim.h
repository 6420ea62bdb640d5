#ifndef CONCORD_CSQLITE_H
#define CONCORD_CSQLITE_H

#include <sqlite3.h>

/// SQLite's destructor constants are casts, which Swift does not import.
static inline sqlite3_destructor_type concord_sqlite_transient(void) { return SQLITE_TRANSIENT; }

#endif
