#ifndef CONCORD_CLIBXML2_H
#define CONCORD_CLIBXML2_H

#include <libxml/HTMLparser.h>
#include <libxml/xmlerror.h>

#endif
