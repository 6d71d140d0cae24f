"""Sends datagrams that a rule drops, a port for each burst, until a file appears; writes down what it sent and when. argv: the ledger, the file"""
import json, os, socket, sys, time

ledger, stop = open(sys.argv[1], "a", buffering=1), sys.argv[2]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in range(20000, 32000):
    if os.path.exists(stop):
        break
    count = 3 + port % 5
    began = time.time()
    for _ in range(count):
        s.sendto(b"x", ("127.0.0.1", port))
    ledger.write(json.dumps({"port": port, "count": count, "fromMs": began * 1000, "toMs": time.time() * 1000}) + "\n")
    time.sleep(0.02)
