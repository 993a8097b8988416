"""Several workers, and files as large as may be: nothing twice, bounded memory."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from requests_toolbelt import MultipartEncoder
from samples import encode, make_image
from servers import Server, running

LIMIT = 64 * 1024 * 1024


def test_of_the_same_file_sent_at_once_one_is_new(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2") as server:
        for _ in range(2):
            file = encode(make_image(rows=256, columns=256))

            def send(number: int, file: bytes = file) -> dict[str, str]:
                answer = requests.post(
                    f"{server.address}/dicom/upload",
                    files={"file": (f"{number}.dcm", file)},
                    timeout=60,
                )
                assert answer.ok, answer.text
                found: dict[str, str] = answer.json()["data"]
                return found

            with ThreadPoolExecutor(8) as pool:
                results = list(pool.map(send, range(8)))
            assert sorted(each["Status"] for each in results) == ["AlreadyStored"] * 7 + ["Success"]
            assert len({each["ID"] for each in results}) == 1
        listed = requests.get(f"{server.address}/dicom", timeout=60).json()
        assert listed["count"] == 2


def _resident(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def test_a_file_of_almost_100_mb_comes_in_and_goes_out_in_bounded_memory(
    own_server: Server, tmp_path: Path
) -> None:
    large = tmp_path / "large.dcm"
    dataset = make_image(rows=1000, columns=1000, frames=49, PixelData=bytes(98_000_000))
    large.write_bytes(encode(dataset))
    url = f"{own_server.address}/api/dicom"
    small = {"dicomFile": ("small.dcm", encode(make_image()))}
    requests.post(f"{url}/upload", files=small, timeout=60)  # what is loaded once is loaded now
    before = _resident(own_server)
    peak, done = [before], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak.append(_resident(own_server))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with large.open("rb") as file:
            form = MultipartEncoder({"dicomFile": ("large.dcm", file, "application/dicom")})
            headers = {"Content-Type": form.content_type}
            answer = requests.post(f"{url}/upload", data=form, headers=headers, timeout=300)
        assert answer.status_code == 201, answer.text
        id = answer.json()["data"]["id"]
        with requests.get(f"{url}/{id}", stream=True, timeout=300) as back:
            received = sum(map(len, back.iter_content(1024 * 1024)))
    finally:
        done.set()
        watcher.join()
    assert received == large.stat().st_size
    assert max(peak) - before < LIMIT
