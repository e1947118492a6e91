#!/usr/bin/env python3
"""Checks a proof bundle with Python's standard library and openssl: check.py BUNDLE ANCHORS.pem
ANCHORS.pem holds the authorities you believe: of the provider's certificates and of time stamps."""
import base64, datetime, hashlib, json, pathlib, re, subprocess, sys, tempfile

def need(holds, what):
    if not holds: sys.exit(f"The proof does NOT hold: {what}")

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def root_of(line, index, size, path):
    """The root that a line has by its path (RFC 9162, 2.1.3.2); the leaf is over the SHA-256 of the line."""
    node, last, path = sha256(b"\0", sha256(line.encode())), size - 1, [bytes.fromhex(each) for each in path]
    while last > 0:
        if index % 2:
            node = sha256(b"\1", path.pop(0), node)
        elif index < last:
            node = sha256(b"\1", node, path.pop(0))
        index, last = index // 2, last // 2
    need(not path, "a path is too long")
    return node.hex()

def openssl(command, time, **files):
    """Runs openssl with the files by name, certificates judged at that time; what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            pathlib.Path(folder, name).write_bytes(content)
        at = int(datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp())
        anchors = ["-CAfile", pathlib.Path(sys.argv[2]).resolve(), "-attime", str(at)]
        done = subprocess.run(["openssl", *command, *anchors], cwd=folder, capture_output=True)
        need(done.returncode == 0, f"openssl {' '.join(command)}: {done.stderr.decode()}")
        return done.stdout

def check(text):
    frame = re.fullmatch(r'(.*),"signature":"([^"]+)","digest":"([0-9a-f]{64})"\}\n', text)
    need(frame and sha256(text[: frame.end(2) + 1].encode()).hex() == frame[3], "the bundle was altered")
    bundle = json.loads(frame[1] + "}")
    cms = "cms -verify -binary -inform DER -no-CApath -no-CAstore -in cms -verify_email".split()
    cms.append("posta-certificata@" + bundle["provider"]["domain"])
    openssl([*cms, "-content", "it"], bundle["madeAt"], cms=base64.b64decode(frame[2]), it=frame[1].encode())
    need(any(segment["entries"] for segment in bundle["segments"]), "the bundle proves nothing")
    facts = {sha256(each.encode()).hex() for each in bundle["facts"]}
    for segment in bundle["segments"]:
        root, stamps = segment["root"], segment["stamps"]
        need(root_of(segment["header"], 0, segment["size"], segment["headerPath"]) == root, "header")
        for stamp in stamps:
            verify = ["ts", "-verify", "-digest", root, "-token_in", "-in", "token"]
            openssl(verify, stamp["time"], token=base64.b64decode(stamp["token"]))
            print("stamped", stamp["time"], "by", stamp["authority"])
        statement = openssl(cms, stamps[0]["time"], cms=base64.b64decode(segment["statement"]))
        need(json.loads(statement)["root"] == root, "the signed statement is about another root")
        for entry in segment["entries"]:
            values = json.loads(entry["line"])
            need(root_of(entry["line"], entry["index"], segment["size"], entry["path"]) == root, "entry")
            need(values[5] == bundle["identificativo"] and values[10] in facts, "facts")
            print("entry", values[1], values[2], datetime.datetime.fromtimestamp(values[3] / 1000), values[4])

sys.exit(__doc__) if len(sys.argv) != 3 else check(open(sys.argv[1], encoding="utf-8", newline="").read())
print("The proof holds.")
