/* SPDX-License-Identifier: MIT */
#include "format/unix_socket.h"

static const struct name type_names[] = {
	{ "stream", UNIX_STREAM },
	{ "datagram", UNIX_DATAGRAM },
	{ "packet", UNIX_PACKET },
	{},
};

static const struct name shutdown_names[] = {
	{ "read", UNIX_SHUTDOWN_READ },
	{ "write", UNIX_SHUTDOWN_WRITE },
	{},
};

static const struct field credentials_fields[] = {
	UINT(struct unix_credentials, pid, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "Process id; absent: that of none of the saved processes."),
	UINT(struct unix_credentials, uid, 0, "User."),
	UINT(struct unix_credentials, gid, 0, "Group."),
	{}
};
static const struct record credentials_record =
	RECORD_OF(struct unix_credentials, "unix_credentials", credentials_fields,
		  "Who has sent or connected.");

static const struct field message_fields[] = {
	UINT(struct unix_message, bytes, 0, "Its length."),
	STRING(struct unix_message, path, FIELD_OPTIONAL, "Path to which its sender is bound."),
	BYTES(struct unix_message, abstract, FIELD_OPTIONAL,
	      "Abstract name of its sender, without the zero byte before it."),
	LIST(struct unix_message, files, FIELD_OPTIONAL, item_uint32,
	     "Numbers of the open file descriptions that come with it, SCM_RIGHTS, in this order."),
	RECORD_AT(struct unix_message, credentials, 0, credentials_record,
		  "Where SO_PASSCRED asks for them."),
	{}
};
static const struct record message_record =
	RECORD_OF(struct unix_message, "unix_message", message_fields,
		  "A datagram or packet that was not yet received; of a stream, bytes that came "
		  "together.");
static const struct field item_message = ITEM_RECORD(struct unix_message, message_record);

static const struct field file_fields[] = { STRING(struct unix_file, directory, FIELD_OPTIONAL,
						   "Directory from which a relative path starts."),
					    UINT(struct unix_file, mode, 0, "Permissions."),
					    UINT(struct unix_file, uid, 0, "Owner."),
					    UINT(struct unix_file, gid, 0, "Group."),
					    {} };
static const struct record unix_file_record =
	RECORD_OF(struct unix_file, "unix_file", file_fields, "The file of a bound socket.");

static const struct field outside_fields[] = {
	STRING(struct unix_outside, path, FIELD_OPTIONAL,
	       "Path of the other end, getpeername(2), absolute if it could be found out."),
	BYTES(struct unix_outside, abstract, FIELD_OPTIONAL,
	      "Abstract name of the other end, without the zero byte before it."),
	BOOL(struct unix_outside, unaccepted, FIELD_OPTIONAL,
	     "The connection waits to be accepted."),
	{}
};
static const struct record outside_record =
	RECORD_OF(struct unix_outside, "unix_outside", outside_fields,
		  "The other end, in none of the saved processes; of one without name nothing is "
		  "known.");

static const struct field unix_socket_fields[] = {
	UINT(struct unix_socket, id, 0, "Number of this socket."),
	ENUM(struct unix_socket, type, 0, type_names, "SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET."),
	STRING(struct unix_socket, path, FIELD_OPTIONAL,
	       "Path to which it is bound, as it was given to bind(2)."),
	BYTES(struct unix_socket, abstract, FIELD_OPTIONAL,
	      "Abstract name to which it is bound, without the zero byte before it."),
	RECORD_AT(struct unix_socket, file, 0, unix_file_record,
		  "Absent: the path does not lead to this socket (any more)."),
	UINT(struct unix_socket, peer, FIELD_OPTIONAL, "Number of the socket it is connected to."),
	BOOL(struct unix_socket, peer_gone, FIELD_OPTIONAL,
	     "What it was connected to has been closed."),
	RECORD_AT(struct unix_socket, outside, 0, outside_record,
		  "What it is connected to is in none of the saved processes: its open file "
		  "description is of type external."),
	RECORD_AT(struct unix_socket, peer_credentials, 0, credentials_record,
		  "SO_PEERCRED: who connected, listened or made the pair."),
	BOOL(struct unix_socket, reset, FIELD_OPTIONAL,
	     "The next call is to fail with ECONNRESET: the peer was closed without reading all."),
	FLAGS(struct unix_socket, shutdown, FIELD_OPTIONAL, shutdown_names,
	      "Directions that are closed, shutdown(2)."),
	BOOL(struct unix_socket, listening, FIELD_OPTIONAL, "It listens."),
	UINT(struct unix_socket, backlog, FIELD_OPTIONAL, "Second argument of listen(2)."),
	LIST(struct unix_socket, waiting, FIELD_OPTIONAL, item_uint32,
	     "Numbers of the sockets that have connected to it and are not accepted yet, oldest "
	     "first."),
	RECORD_IN(struct unix_socket, options, 0, socket_options_record, "Options."),
	UINT(struct unix_socket, bytes, FIELD_OPTIONAL,
	     "Bytes that wait to be received: the size of the data entry."),
	LIST(struct unix_socket, messages, FIELD_OPTIONAL, item_message,
	     "How they are divided; their sum is that of the bytes. Of a stream only if "
	     "descriptors "
	     "or credentials came with some of them."),
	{}
};

const struct record unix_socket_record =
	RECORD_OF(struct unix_socket, "unix_socket", unix_socket_fields,
		  "A unix socket with what waits in it to be received.");
