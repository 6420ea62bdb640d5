#include "CMalloc.h"

// Read by jemalloc when the process starts, before the environment's MALLOC_CONF, which may say otherwise.
//
// One arena, so that pieces of a size share their pages whichever thread takes them; each thread keeps a store of its own
// in front of it. Pages that nobody uses are given back soon, by threads of jemalloc's own: otherwise they would be when
// memory is taken or freed, which an idle host does not do. With more arenas, or for longer, what one thread has taken and
// another gives back lies idle in each of them.
const char *malloc_conf = "narenas:1,dirty_decay_ms:200,muzzy_decay_ms:0,background_thread:true";
