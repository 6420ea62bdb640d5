#ifndef CONCORD_CSQLITE_H
#define CONCORD_CSQLITE_H

#include <sqlite3.h>

/// SQLite's destructor constants are casts, which Swift does not import.
static inline sqlite3_destructor_type concord_sqlite_transient(void) { return SQLITE_TRANSIENT; }

/// Variadic functions are not imported either. Without counts of its memory SQLite needs no lock around every allocation;
/// has an effect only before the library is first used.
static inline int concord_sqlite_forgo_memory_counts(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

/// Text in double quotes is a name, never a string. Variadic, too.
static inline int concord_sqlite_quoted_is_name(sqlite3 *database) {
    int code = sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0);
    return code == SQLITE_OK ? sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)0) : code;
}

#endif
