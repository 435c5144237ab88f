/*
 * The other end of the wire benchmarks: a loopback exchange on one spinning thread that sends a book ticker and takes the
 * time until the complete order has arrived, and a client that only echoes, the floor of what any client can do.
 *
 *   echo serve TICKS WARMUPS ok|refuse spin|nap
 *                                         prints "port N", then one JSON line with the times in nanoseconds; a server
 *                                         that naps leaves its core to others between an order and the next ticker
 *   echo client PORT spin|block           answers every frame with as many bytes as an order has
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { connections_max = 32, buffer_max = 1 << 16, ticks_max = 100000, order_bytes = 250, levels = 25 };
enum { gap_min_nanos = 450000, gap_spread_nanos = 300000, settle_nanos = 300000 };
static const int64_t second = 1000000000, miss_nanos = 50000000, limit_nanos = 30 * 1000000000LL;

typedef enum { unknown, echoing, ticker, market, other, api, http } Kind;
typedef struct { int fd; Kind kind; size_t used; char bytes[buffer_max + 1]; } Connection;

static Connection connections[connections_max];
static int count, is_refusing, is_napping;
static int64_t times[ticks_max];
static int measured, wanted, warmups, seen, misses, strays, serial, up;
static int64_t sent_at, next_at, next_depth_at, next_slow_at, previous_id;

static const struct timespec nap = {.tv_sec = 0, .tv_nsec = 50000};

static int64_t nanos(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * second + t.tv_nsec;
}

static int64_t wall_micros(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void put(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t done = write(fd, bytes, length);
    if (done < 0 && errno == EAGAIN) continue;
    if (done <= 0) return;
    bytes += done;
    length -= (size_t)done;
  }
}

static void put_frame(int fd, int opcode, const char *text, size_t length) {
  static char frame[buffer_max];
  size_t head = 2;
  frame[0] = (char)(0x80 | opcode);
  if (length < 126) {
    frame[1] = (char)length;
  } else {
    frame[1] = 126;
    frame[2] = (char)(length >> 8);
    frame[3] = (char)length;
    head = 4;
  }
  memcpy(frame + head, text, length);
  put(fd, frame, head + length);
}

/* RFC 3174, for the answer to the WebSocket handshake. */
static uint32_t rotate(uint32_t x, int n) { return (x << n) | (x >> (32 - n)); }
static void sha1(const uint8_t *message, size_t length, uint8_t digest[20]) {
  uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  uint8_t padded[192] = {0};
  memcpy(padded, message, length);
  padded[length] = 0x80;
  size_t total = ((length + 8) / 64 + 1) * 64;
  for (int i = 0; i < 8; i++) padded[total - 1 - i] = (uint8_t)((uint64_t)length * 8 >> (8 * i));
  for (size_t block = 0; block < total; block += 64) {
    uint32_t w[80];
    for (int i = 0; i < 16; i++)
      w[i] = (uint32_t)padded[block + 4 * i] << 24 | padded[block + 4 * i + 1] << 16 | padded[block + 4 * i + 2] << 8 |
             padded[block + 4 * i + 3];
    for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 80; i++) {
      uint32_t f = i < 20 ? ((b & c) | (~b & d)) + 0x5A827999
                   : i < 40 ? (b ^ c ^ d) + 0x6ED9EBA1
                   : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC
                            : (b ^ c ^ d) + 0xCA62C1D6;
      uint32_t next = rotate(a, 5) + f + e + w[i];
      e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
  }
  for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static void accept_key(const char *key, size_t length, char *out) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t text[128], digest[21] = {0};
  memcpy(text, key, length);
  memcpy(text + length, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
  sha1(text, length + 36, digest);
  for (int i = 0, o = 0; i < 21; i += 3, o += 4) {
    uint32_t v = (uint32_t)digest[i] << 16 | digest[i + 1] << 8 | digest[i + 2];
    for (int j = 0; j < 4; j++) out[o + j] = letters[v >> (18 - 6 * j) & 63];
  }
  out[27] = '=';
  out[28] = 0;
}

/* An order counts only when its price is the touch of the tick that is being timed: one that a client's own timer sent
 * just before would look like a fast answer. Limit orders join their own side. */
static int shows_touch(const char *order) {
  const char *price = strstr(order, "64000");
  if (price == NULL) return 0;
  int tenths = price[5] == '.' ? price[6] - '0' : 0;
  return tenths == (up ? 1 : 0) + (strstr(order, "BUY") != NULL ? 0 : 1);
}

static void on_order(const char *order) {
  int64_t now = nanos();
  if (sent_at != 0 && (order == NULL || shows_touch(order))) {
    if (++seen > warmups && measured < wanted) times[measured++] = now - sent_at;
  } else {
    strays++;
  }
  sent_at = 0;
  next_at = now + gap_min_nanos + rand() % gap_spread_nanos;
}

/* The value of "id" as it stands, number or text. */
static void id_of(const char *text, char *out, size_t room) {
  const char *at = strstr(text, "\"id\":");
  size_t length = at == NULL ? 0 : strcspn(at + 5, ",}");
  if (length == 0 || length >= room) {
    strcpy(out, "null");
    return;
  }
  memcpy(out, at + 5, length);
  out[length] = 0;
}

static const char limits[] =
    "\"rateLimits\":[{\"rateLimitType\":\"ORDERS\",\"interval\":\"SECOND\",\"intervalNum\":10,\"limit\":1000000000,"
    "\"count\":1},{\"rateLimitType\":\"ORDERS\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":1000000000,\"count\":1}]";

static void on_text(Connection *c, const char *text) {
  char id[80], reply[1024];
  int length;
  int is_order = strstr(text, "\"order.place\"") != NULL;
  if (is_order) on_order(text);
  id_of(text, id, sizeof id);
  if (is_order && is_refusing)
    length = sprintf(reply, "{\"id\":%s,\"status\":400,\"error\":{\"code\":-2020,\"msg\":\"Unable to fill.\"},%s}", id, limits);
  else if (strstr(text, "SUBSCRIBE") != NULL)
    length = sprintf(reply, "{\"result\":null,\"id\":%s}", id);
  else
    length = sprintf(reply, "{\"id\":%s,\"status\":200,\"result\":{\"orderId\":1,\"symbol\":\"BTCUSDT\",\"status\":\"NEW\"},%s}", id, limits);
  put_frame(c->fd, 1, reply, (size_t)length);
}

/* Takes one masked frame off the buffer. Returns its bytes, or 0 when it is not complete. */
static size_t take_frame(Connection *c) {
  uint8_t *b = (uint8_t *)c->bytes;
  if (c->used < 6) return 0;
  size_t length = b[1] & 127, head = 6;
  if (length == 126) {
    length = (size_t)b[2] << 8 | b[3];
    head = 8;
  }
  if (c->used < head + length) return 0;
  static char text[buffer_max + 1];
  for (size_t i = 0; i < length; i++) text[i] = (char)(b[head + i] ^ b[head - 4 + i % 4]);
  text[length] = 0;
  int opcode = b[0] & 15;
  if (opcode == 1) on_text(c, text);
  else if (opcode == 9) put_frame(c->fd, 10, text, length);
  return head + length;
}

static size_t take_request(Connection *c) {
  c->bytes[c->used] = 0;
  char *end = strstr(c->bytes, "\r\n\r\n");
  if (end == NULL) return 0;
  size_t head = (size_t)(end + 4 - c->bytes), body = 0;
  char *key = strcasestr(c->bytes, "sec-websocket-key: "), *size = strcasestr(c->bytes, "content-length: ");
  char reply[1024], token[32], json[256];
  if (key != NULL && key < end) {
    accept_key(key + 19, strcspn(key + 19, "\r"), token);
    put(c->fd, reply, (size_t)sprintf(reply, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", token));
    *strchr(c->bytes, '\r') = 0;
    c->kind = strstr(c->bytes, "/ws-fapi") != NULL   ? api
              : strstr(c->bytes, "/market") != NULL  ? market
              : strstr(c->bytes, "/private") != NULL ? other
                                                     : ticker;
    next_at = nanos() + second / 2;
    return head;
  }
  if (size != NULL && size < end) body = (size_t)atol(size + 16);
  if (c->used < head + body) return 0;
  c->kind = http;
  int is_order = strncmp(c->bytes, "POST /fapi/v1/order", 19) == 0;
  if (is_order) on_order(c->bytes);
  int length = is_order ? sprintf(json, "{\"orderId\":1,\"symbol\":\"BTCUSDT\",\"status\":\"NEW\"}")
                        : sprintf(json, "{\"serverTime\":%lld}", (long long)(wall_micros() / 1000));
  put(c->fd, reply, (size_t)sprintf(reply, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n%s", length, json));
  return head + body;
}

static size_t take(Connection *c) {
  if (c->kind == unknown && c->used >= 4 && memcmp(c->bytes, "ECHO", 4) == 0) {
    c->kind = echoing;
    next_at = nanos() + second / 10;
    return 4;
  }
  if (c->kind == unknown || c->kind == http) return take_request(c);
  if (c->kind != echoing) return take_frame(c);
  if (c->used < order_bytes) return 0;
  on_order(NULL);
  return order_bytes;
}

static void read_from(Connection *c) {
  ssize_t got = recv(c->fd, c->bytes + c->used, buffer_max - c->used, MSG_DONTWAIT);
  if (got <= 0) return;
  c->used += (size_t)got;
  for (size_t done = take(c); done > 0; done = take(c)) {
    c->used -= done;
    memmove(c->bytes, c->bytes + done, c->used);
    if (c->used == 0) break;
  }
}

static void size_text(char *out, int n) { sprintf(out, "%d.%d", 1 + n % 37, 100 + n * 31 % 899); }

static Connection *sink_of(Kind kind) {
  for (int i = 0; i < count; i++)
    if (connections[i].kind == kind) return &connections[i];
  return NULL;
}

static void send_tick(Connection *c) {
  static char text[512];
  char bid[16], ask[16];
  int64_t id = wall_micros();
  serial++;
  up = !up;
  size_text(bid, serial % 10000);
  size_text(ask, serial * 7 % 10000);
  int length = sprintf(text,
      "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"e\":\"bookTicker\",\"u\":%lld,\"s\":\"BTCUSDT\",\"b\":\"%s\",\"B\":\"%s\","
      "\"a\":\"%s\",\"A\":\"%s\",\"T\":%lld,\"E\":%lld,\"st\":1}}",
      (long long)id, up ? "64000.10" : "64000.00", bid, up ? "64000.20" : "64000.10", ask, (long long)(id / 1000),
      (long long)(id / 1000));
  sent_at = nanos();
  put_frame(c->fd, 1, text, (size_t)length);
}

static void send_depth(Connection *c) {
  static char text[8192];
  int64_t id = wall_micros();
  int bid = 640000 + up, length = sprintf(text,
      "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":%lld,\"T\":%lld,\"s\":\"BTCUSDT\",\"U\":%lld,"
      "\"u\":%lld,\"pu\":%lld,\"b\":[[\"%d.%d0\",\"0.000\"]",
      (long long)(id / 1000), (long long)(id / 1000), (long long)(previous_id ? previous_id + 1 : id),
      (long long)id, (long long)(previous_id ? previous_id : id - 1), (bid + 1) / 10, (bid + 1) % 10);
  for (int i = 0; i < levels - 1; i++)
    length += sprintf(text + length, ",[\"%d.%d0\",\"%d.500\"]", (bid - i) / 10, (bid - i) % 10, 1 + (serial + i) % 30);
  length += sprintf(text + length, "],\"a\":[[\"%d.%d0\",\"0.000\"]", bid / 10, bid % 10);
  for (int i = 0; i < levels - 1; i++)
    length += sprintf(text + length, ",[\"%d.%d0\",\"%d.500\"]", (bid + 1 + i) / 10, (bid + 1 + i) % 10, 1 + (serial + i) % 30);
  length += sprintf(text + length, "]}}");
  previous_id = id;
  put_frame(c->fd, 1, text, (size_t)length);
}

static void send_slow(Connection *c) {
  char text[512];
  int64_t millis = wall_micros() / 1000;
  put_frame(c->fd, 1, text, (size_t)sprintf(text,
      "{\"stream\":\"btcusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":%lld,\"a\":%lld,\"s\":\"BTCUSDT\",\"p\":\"64000.10\",\"q\":\"0.100\","
      "\"f\":1,\"l\":1,\"T\":%lld,\"m\":true}}", (long long)millis, (long long)millis, (long long)millis));
  put_frame(c->fd, 1, text, (size_t)sprintf(text,
      "{\"stream\":\"btcusdt@markPrice@1s\",\"data\":{\"e\":\"markPriceUpdate\",\"E\":%lld,\"s\":\"BTCUSDT\",\"p\":\"64000.10000000\","
      "\"ap\":\"64000.10000000\",\"P\":\"64000.10000000\",\"i\":\"64000.10000000\",\"r\":\"0.00010000\",\"T\":%lld}}",
      (long long)millis, (long long)(millis + 3600000)));
}

static void step(int64_t now, Connection *to) {
  if (sent_at != 0) {
    if (now - sent_at < miss_nanos) return;
    misses++;
    sent_at = 0;
    next_at = now + settle_nanos;
    return;
  }
  Connection *slow = sink_of(market);
  int has_sent = 0;
  if (to->kind == ticker && slow != NULL && now >= next_depth_at) {
    send_depth(to);
    next_depth_at = now + second / 10;
    has_sent = 1;
  }
  if (slow != NULL && now >= next_slow_at) {
    send_slow(slow);
    next_slow_at = now + second;
    has_sent = 1;
  }
  if (has_sent && next_at < now + settle_nanos) next_at = now + settle_nanos;
  if (now >= next_at) send_tick(to);
}

static int accept_one(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), on = 1;
  if (fd < 0) return 0;
  if (count == connections_max) fail("too many connections");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connections[count].fd = fd;
  connections[count].kind = unknown;
  connections[count].used = 0;
  count++;
  return 1;
}

static int is_order_path(Kind kind) { return kind == api || kind == http || kind == echoing; }

static int serve(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 16) != 0) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  int64_t end = nanos() + limit_nanos;
  for (unsigned turn = 0; measured < wanted && nanos() < end; turn++) {
    /* While an order is awaited its own connections are looked at each turn, all others now and then. */
    int is_all = sent_at == 0 || turn % 64 == 0;
    if (is_all) accept_one(listener);
    for (int i = 0; i < count; i++)
      if (is_all || is_order_path(connections[i].kind)) read_from(&connections[i]);
    Connection *to = sink_of(echoing);
    if (to == NULL) to = sink_of(ticker);
    if (to != NULL) step(nanos(), to);
    if (is_napping && sent_at == 0) nanosleep(&nap, NULL);
  }
  printf("{\"misses\":%d,\"strays\":%d,\"nanos\":[", misses, strays);
  for (int i = 0; i < measured; i++) printf("%s%lld", i == 0 ? "" : ",", (long long)times[i]);
  printf("]}\n");
  return 0;
}

static int echo(int port, int is_blocking) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  put(fd, "ECHO", 4);
  char bytes[4096], order[order_bytes];
  memset(order, 'o', sizeof order);
  for (;;) {
    /* A tick is less than one segment, so it arrives whole. */
    ssize_t got = recv(fd, bytes, sizeof bytes, is_blocking ? 0 : MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) continue;
    if (got <= 0) return 0;
    put(fd, order, sizeof order);
  }
}

int main(int argc, char **argv) {
  if (argc == 6 && strcmp(argv[1], "serve") == 0) {
    wanted = atoi(argv[2]) < ticks_max ? atoi(argv[2]) : ticks_max;
    warmups = atoi(argv[3]);
    is_refusing = strcmp(argv[4], "refuse") == 0;
    is_napping = strcmp(argv[5], "nap") == 0;
    return serve();
  }
  if (argc == 4 && strcmp(argv[1], "client") == 0) return echo(atoi(argv[2]), strcmp(argv[3], "block") == 0);
  fprintf(stderr, "usage: echo serve TICKS WARMUPS ok|refuse spin|nap | echo client PORT spin|block\n");
  return 2;
}
