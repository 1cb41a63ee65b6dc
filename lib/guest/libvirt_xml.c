/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a domain's XML says of its memory: boot memory from address 0 on, a piece for each NUMA
 * cell, and modules at addresses of their own. It is as little to be trusted as the rest: no
 * entity is replaced, and nothing but the text is read. Source: libvirt, formatdomain.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>
#ifdef HAVE_LIBXML2
#include <libxml/parser.h>
#include <libxml/tree.h>
#endif

#include "internal.h"

#ifdef HAVE_LIBXML2
#define XML_NAME(text) ((const xmlChar *)(text))
/* A number's text: digits, and blanks around them. */
#define NUMBER_ROOM 64

static bool is_element(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && xmlStrEqual(node->name, XML_NAME(name));
}

/* The first element of a name among those of @node, or NULL. */
static const xmlNode *child(const xmlNode *node, const char *name)
{
	const xmlNode *c = node ? node->children : NULL;

	while (c && !is_element(c, name))
		c = c->next;
	return c;
}

/* The next sibling of the same name, or NULL. */
static const xmlNode *again(const xmlNode *node)
{
	const char *name = (const char *)node->name;

	for (node = node->next; node && !is_element(node, name); node = node->next)
		;
	return node;
}

/* The text of an attribute or element, when it is one piece; entities have none. */
static const char *plain_text(const xmlNode *children)
{
	if (!children || children->next || children->type != XML_TEXT_NODE)
		return NULL;
	return (const char *)children->content;
}

static const char *attribute(const xmlNode *node, const char *name)
{
	const xmlAttr *a = node->properties;

	while (a && !xmlStrEqual(a->name, XML_NAME(name)))
		a = a->next;
	return a ? plain_text(a->children) : NULL;
}

/* A number, decimal or after 0x; false: it is none. */
static bool number(const char *text, uint64_t *out)
{
	unsigned long long value;
	char *end;

	if (!text || strlen(text) >= NUMBER_ROOM || strchr(text, '-'))
		return false;
	value = strtoull(text, &end, 0);
	if (end == text || end[strspn(end, " \t\r\n")])
		return false;
	*out = value;
	return true;
}

/* log2 of a unit, UINT_MAX: not known. KiB is meant where none is said. */
static unsigned int unit_shift(const char *unit)
{
	static const struct {
		const char *name;
		unsigned int shift;
	} units[] = {
		{ "b", 0 },  { "bytes", 0 }, { "KiB", 10 }, { "k", 10 },   { "MiB", 20 },
		{ "M", 20 }, { "GiB", 30 },  { "G", 30 },   { "TiB", 40 }, { "T", 40 },
	};
	size_t i;

	if (!unit)
		return 10;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i].name))
			return units[i].shift;
	return UINT32_MAX;
}

/* An amount of memory in bytes: @text, in the unit of @node. */
static bool amount(const xmlNode *node, const char *text, uint64_t *out)
{
	unsigned int shift = unit_shift(attribute(node, "unit"));
	uint64_t value;

	if (shift == UINT32_MAX || !number(text, &value) || value > UINT64_MAX >> shift)
		return false;
	*out = value << shift;
	return true;
}

/* Modules: what they hold is part of the domain's <memory>. Their sum, or what is wrong. */
static const char *take_modules(struct guest_state *state, const xmlNode *domain,
				uint64_t *sum)
{
	const xmlNode *m = child(child(domain, "devices"), "memory"), *size, *address;
	uint64_t bytes, base;

	for (*sum = 0; m; m = again(m)) {
		size = child(child(m, "target"), "size");
		if (!size || !amount(size, plain_text(size->children), &bytes) ||
		    bytes > UINT64_MAX - *sum)
			return "a memory module without a size";
		*sum += bytes;
		address = child(m, "address");
		if (!address || !number(attribute(address, "base"), &base))
			return "a memory module without an address";
		if (!guest_add_piece(state, base, bytes, 0))
			return "too much memory";
	}
	return NULL;
}

/* Boot memory of NUMA cells, one behind the other in the order of their numbers. */
static const char *take_cells(struct guest_state *state, const xmlNode *cell)
{
	uint64_t ra = 0, bytes;
	uint32_t node;

	for (node = 0; cell; cell = again(cell), node++) {
		if (!amount(cell, attribute(cell, "memory"), &bytes) ||
		    bytes > UINT64_MAX - ra)
			return "a NUMA cell without an amount of memory";
		if (!guest_add_piece(state, ra, bytes, node))
			return "too much memory";
		ra += bytes;
	}
	return NULL;
}

static const char *take_domain(struct guest_state *state, const xmlNode *domain)
{
	const xmlNode *cell = child(child(child(domain, "cpu"), "numa"), "cell");
	const xmlNode *memory = child(domain, "memory");
	uint64_t bytes, modules;
	const char *why;

	if (!domain || !is_element(domain, "domain"))
		return "no <domain>";
	why = take_modules(state, domain, &modules);
	if (why)
		return why;
	if (cell)
		return take_cells(state, cell);
	if (!memory || !amount(memory, plain_text(memory->children), &bytes) ||
	    bytes <= modules)
		return "no <memory>, or less than in modules";
	return guest_add_piece(state, 0, bytes - modules, 0) ? NULL : "too much memory";
}

const char *guest_xml_read(struct hpt_guest *guest)
{
	const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
			    XML_PARSE_NOCDATA | XML_PARSE_NOBLANKS;
	const char *why;
	xmlDoc *doc;

	doc = xmlReadMemory(guest->container.xml, (int)guest->container.xml_len, NULL, NULL,
			    options);
	if (!doc)
		return "it is not well-formed";
	why = take_domain(&guest->state, xmlDocGetRootElement(doc));
	xmlFreeDoc(doc);
	return why;
}
#else
const char *guest_xml_read(struct hpt_guest *guest)
{
	(void)guest;
	return "this build has no libxml2";
}
#endif
