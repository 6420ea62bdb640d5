"""Cached answers on the wire: what only real sockets, a real stop and a client that does not read can show."""

import concurrent.futures
import gzip
import http.client
import signal
import socket
import threading
import time
import unittest

from harness import ConcordTest, Host, at, eventually, position

PATH = "/api/v1/positions/open"


def prepare(host):
    host.put_account("acc", "U")
    host.snapshot("acc", at(1), [position(n) for n in range(1, 6)])
    return host.token("U")


def resident(host):
    with open(f"/proc/{host.process.pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024


class HitTest(ConcordTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.token = prepare(cls.host)

    def test_gzip_is_what_the_plain_answer_says(self):
        plain = self.host.request("GET", PATH, self.token)
        for _ in range(3):
            connection = http.client.HTTPConnection("127.0.0.1", self.host.port)
            connection.request("GET", PATH, headers={"Authorization": f"Bearer {self.token}", "Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            self.assertEqual(answer.headers["Content-Encoding"], "gzip")
            self.assertEqual(answer.headers["Vary"], "Accept-Encoding")
            self.assertLess(len(body), len(plain.body) / 2)
            self.assertEqual(gzip.decompress(body).decode(), plain.body)

    def test_forty_thousand_requests_nobody_reads_the_answers_of_wait_without_filling_the_memory(self):
        total = 40_000
        request = f"GET {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode()
        before = resident(self.host)
        with socket.create_connection(("127.0.0.1", self.host.port), timeout=60) as client:
            sent = 0
            lock = threading.Lock()

            def send():
                nonlocal sent
                for _ in range(total // 100):
                    client.sendall(request * 100)
                    with lock:
                        sent += 100

            sender = threading.Thread(target=send, daemon=True)
            sender.start()
            # Until both sides' buffers are full and nothing moves any more.
            last = -1
            while sent != last:
                last = sent
                time.sleep(0.5)
            self.assertLess(sent, total)
            self.assertLess(resident(self.host) - before, 64 << 20)
            self.assertEqual(self.host.request("GET", PATH, self.token).status, 200)

            start, found, tail = b"HTTP/1.1 200 OK\r\n", 0, b""
            while found < total:
                chunk = client.recv(1 << 20)
                self.assertTrue(chunk, f"closed after {found} answers")
                text = tail + chunk
                found += text.count(start)
                tail = text[-(len(start) - 1):]
            sender.join()
        self.assertEqual(found, total)


class SlowReadersStopTest(unittest.TestCase):
    def test_answers_under_way_are_sent_whole_to_clients_that_read_slowly(self):
        for way in ["", "Pragma: usual-way\r\n"]:
            with self.subTest(way=way):
                host = Host()
                self.addCleanup(host.close)
                host.serve()
                host.put_account("big", "ann")
                host.snapshot("big", at(1), [position(number) for number in range(1, 2001)])
                token = host.token("ann")
                size = len(host.get(PATH, token).body)
                request = f"GET {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n{way}\r\n".encode()
                clients = [self.client(host.port, request, count) for count in range(1, 7)]

                host.process.send_signal(signal.SIGTERM)
                eventually(lambda: self.is_gone(host.port))
                # At the same time: the host ends ten seconds after it was told to, whatever is left.
                with concurrent.futures.ThreadPoolExecutor(len(clients)) as readers:
                    for data in readers.map(self.everything, clients):
                        self.assert_whole(data, size)
                self.assertEqual(host.process.wait(30), 0)

    def client(self, port, request, count):
        """Somebody who asks so often and reads nothing yet; the answers fill what the kernel takes for them."""
        client = socket.socket()
        self.addCleanup(client.close)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(30)
        client.connect(("127.0.0.1", port))
        for _ in range(count):
            client.sendall(request)
            time.sleep(0.1)
        return client

    def is_gone(self, port):
        """Nobody listens any more: connections that wait have been told to end."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    def everything(self, client):
        data = b""
        while piece := client.recv(1 << 20):
            data += piece
        return data

    def assert_whole(self, data, size):
        whole = 0
        while data:
            head, _, data = data.partition(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head[:100])
            self.assertGreaterEqual(len(data), size, "an answer was cut off")
            data, whole = data[size:], whole + 1
        self.assertGreater(whole, 0)


class BusyStopTest(unittest.TestCase):
    def test_busy_clients_are_asked_to_leave_and_none_is_cut_off(self):
        host = Host()
        self.addCleanup(host.close)
        host.serve()
        token = prepare(host)
        failures, left, answered = [], [], []
        isBusy = threading.Barrier(9)

        def ask():
            connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=30)
            count = 0
            try:
                while True:
                    connection.request("GET", PATH, headers={"Authorization": f"Bearer {token}"})
                    answer = connection.getresponse()
                    answer.read()
                    count += 1
                    if count == 20:
                        isBusy.wait(30)
                    if answer.status != 200:
                        failures.append(answer.status)
                    if answer.headers.get("Connection") == "close":
                        left.append(count)
                        return
            except Exception as error:  # whatever it is, the client was cut off
                failures.append(repr(error))
            finally:
                connection.close()
                answered.append(count)

        clients = [threading.Thread(target=ask) for _ in range(8)]
        for client in clients:
            client.start()
        isBusy.wait(30)
        self.assertEqual(host.stop(signal.SIGTERM), 0)
        for client in clients:
            client.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(left), 8)
