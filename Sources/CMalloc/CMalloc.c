#include "CMalloc.h"

// Read by jemalloc when the process starts, before the environment's MALLOC_CONF, which may say otherwise.
//
// One arena, so that pieces of a size share their pages whichever thread takes them: with more, each has partly filled pages
// of its own. A store of each thread's own lies in front of it, for pieces up to 32 KiB. Pages that nobody uses are given
// back soon, and by threads of jemalloc's own: otherwise that is done when memory is taken or freed, which an idle host
// does not do.
const char *malloc_conf = "narenas:1,dirty_decay_ms:200,muzzy_decay_ms:0,background_thread:true";
