#ifndef CONCORD_CLIBXML2_H
#define CONCORD_CLIBXML2_H

#include <libxml/xmlversion.h>

/// Debian's headers pull in the system's ICU for encoding handlers, which Concord does not use and whose types collide
/// with those of the ICU inside Foundation.
#undef LIBXML_ICU_ENABLED

#include <libxml/HTMLparser.h>
#include <libxml/xmlerror.h>

#endif
