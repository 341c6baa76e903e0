/* SPDX-License-Identifier: MIT */
#include "restore/screen.h"

#include <stdio.h>
#include <string.h>

/*
 * Private modes of DEC and xterm that outlast the program that has set them, and would be in the way of whoever has the terminal
 * next: ESC [ ? number h or l (console_codes(4); xterm's "Control Sequences"). In the order in which to enter.
 */
static const struct {
	unsigned number;
	bool on; /* by default */
} modes[SCREEN_MODES] = {
	{ 1049, false }, /* the other screen, with the cursor saved; older: 1047, 47 */
	{ 1047, false }, { 47, false },	  { 1, false }, /* cursor keys send others */
	{ 66, false },	 /* the keypad does; mostly set by ESC = and ESC > */
	{ 25, true },	 /* the cursor shows */
	{ 9, false },	 /* the mouse reports, in several ways */
	{ 1000, false }, /* ... */
	{ 1002, false }, { 1003, false }, { 1005, false },
	{ 1006, false }, { 1015, false }, { 1004, false }, /* so does the focus */
	{ 2004, false },				   /* pasted text comes in brackets */
	{ 7, true },					   /* long lines wrap */
};

enum { PLAIN, ESCAPE, BRACKET, PRIVATE };

static void set_mode(struct screen *screen, unsigned number, bool on)
{
	for (size_t i = 0; i < SCREEN_MODES; i++) {
		if (modes[i].number != number)
			continue;
		screen->changed &= ~(1u << i);
		if (on != modes[i].on)
			screen->changed |= 1u << i;
	}
}

static int after_escape(struct screen *screen, char c)
{
	if (c == '[')
		return BRACKET;
	if (c == 'c') /* full reset */
		screen->changed = 0;
	if (c == '=' || c == '>')
		set_mode(screen, 66, c == '=');
	return c == '\033' ? ESCAPE : PLAIN;
}

static int within_private(struct screen *screen, char c)
{
	unsigned *last = &screen->parameters[screen->n_parameters];

	if (c >= '0' && c <= '9') {
		*last = *last * 10 + (unsigned)(c - '0');
		return PRIVATE;
	}
	if (c == ';' && screen->n_parameters + 1 < SCREEN_PARAMETERS) {
		screen->parameters[++screen->n_parameters] = 0;
		return PRIVATE;
	}
	for (size_t i = 0; (c == 'h' || c == 'l') && i <= screen->n_parameters; i++)
		set_mode(screen, screen->parameters[i], c == 'h');
	return c == '\033' ? ESCAPE : PLAIN;
}

static void follow(struct screen *screen, char c)
{
	switch (screen->state) {
	case ESCAPE:
		screen->state = after_escape(screen, c);
		break;
	case BRACKET:
		screen->state = c == '?' ? PRIVATE : c == '\033' ? ESCAPE : PLAIN;
		screen->n_parameters = 0;
		screen->parameters[0] = 0;
		break;
	case PRIVATE:
		screen->state = within_private(screen, c);
		break;
	default:
		screen->state = c == '\033' ? ESCAPE : PLAIN;
	}
}

void screen_feed(struct screen *screen, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		follow(screen, bytes[i]);
		screen->output[screen->next++] = bytes[i];
		screen->wrapped |= screen->next == SCREEN_OUTPUT;
		screen->next %= SCREEN_OUTPUT;
	}
}

size_t screen_output(const struct screen *screen, char *ret_bytes)
{
	size_t old = screen->wrapped ? SCREEN_OUTPUT - screen->next : 0;
	const char *line = NULL;

	if (!screen->wrapped) {
		memcpy(ret_bytes, screen->output, screen->next);
		return screen->next;
	}
	line = memchr(screen->output + screen->next, '\n', old);
	if (line)
		old -= (size_t)(line + 1 - (screen->output + screen->next));
	memcpy(ret_bytes, screen->output + SCREEN_OUTPUT - old, old);
	memcpy(ret_bytes + old, screen->output, screen->next);
	return old + screen->next;
}

static void append(char *text, size_t i, bool on)
{
	size_t length = strlen(text);

	if (modes[i].number == 66)
		snprintf(text + length, SCREEN_SWITCHES - length, "\033%c", on ? '=' : '>');
	else
		snprintf(text + length, SCREEN_SWITCHES - length, "\033[?%u%c", modes[i].number,
			 on ? 'h' : 'l');
}

void screen_enter(const struct screen *screen, char *ret_text)
{
	*ret_text = '\0';
	for (size_t i = 0; i < SCREEN_MODES; i++)
		if (screen->changed & 1u << i)
			append(ret_text, i, !modes[i].on);
}

void screen_leave(const struct screen *screen, char *ret_text)
{
	*ret_text = '\0';
	for (size_t i = SCREEN_MODES; i-- > 0;)
		if (screen->changed & 1u << i)
			append(ret_text, i, modes[i].on);
}
