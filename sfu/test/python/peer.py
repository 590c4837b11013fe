"""A participant on the stock Python SDK, driven by the tests: one JSON command a line on standard input, one JSON event a
line on standard output. Ends with its input."""

import asyncio
import json
import sys

import numpy as np
from livekit import rtc

WIDTH, HEIGHT, FPS = 320, 240, 15
RATE, FRAME_MS, HZ = 48_000, 10, 440
# Root mean square over which a frame of sound is loud: 1 % of full scale.
LOUD = 327


def emit(**event) -> None:
    print(json.dumps(event), flush=True)


def features_of(names: list[str]) -> list[int]:
    return [rtc.FrameMetadataFeature.Value(name) for name in names]


class Peer:
    def __init__(self) -> None:
        self.room = rtc.Room()
        self.tasks: set[asyncio.Task] = set()
        self.sources: dict[str, asyncio.Task] = {}
        self.data_tracks: dict[str, rtc.LocalDataTrack] = {}
        self.remote_data_tracks: dict[str, rtc.RemoteDataTrack] = {}
        self.listen()

    def keep(self, coroutine) -> asyncio.Task:
        task = asyncio.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def listen(self) -> None:
        on = self.room.on

        @on("participant_connected")
        def _(participant):
            emit(event="participantConnected", identity=participant.identity)

        @on("participant_disconnected")
        def _(participant):
            emit(event="participantDisconnected", identity=participant.identity)

        @on("disconnected")
        def _(reason):
            emit(event="disconnected", reason=rtc.DisconnectReason.Name(reason))

        @on("reconnecting")
        def _():
            emit(event="reconnecting")

        @on("reconnected")
        def _():
            emit(event="reconnected")

        @on("moved")
        def _():
            emit(event="moved", room=self.room.name)

        @on("track_subscribed")
        def _(track, publication, participant):
            emit(
                event="trackSubscribed",
                sid=publication.sid,
                identity=participant.identity,
                muted=publication.muted,
                trailer=[
                    rtc.FrameMetadataFeature.Name(feature)
                    for feature in publication.frame_metadata_features
                ],
            )
            reader = self.see if track.kind == rtc.TrackKind.KIND_VIDEO else self.hear
            self.keep(reader(track, participant.identity))

        @on("track_muted")
        def _(participant, publication):
            emit(event="trackMuted", sid=publication.sid, identity=participant.identity)

        @on("track_unmuted")
        def _(participant, publication):
            emit(event="trackUnmuted", sid=publication.sid, identity=participant.identity)

        @on("data_received")
        def _(packet):
            emit(
                event="data",
                text=packet.data.decode(),
                topic=packet.topic or "",
                identity=packet.participant.identity if packet.participant else "",
            )

        @on("participant_attributes_changed")
        def _(changed, participant):
            emit(event="attributes", identity=participant.identity, changed=changed)

        @on("participant_metadata_changed")
        def _(participant, _old, metadata):
            emit(event="metadata", identity=participant.identity, metadata=metadata)

        @on("data_track_published")
        def _(track):
            self.remote_data_tracks[track.info.name] = track
            emit(event="dataTrackPublished", name=track.info.name, identity=track.publisher_identity)
            self.keep(self.follow(track))

        @on("data_track_unpublished")
        def _(sid):
            emit(event="dataTrackUnpublished", sid=sid)

    async def see(self, track, identity: str) -> None:
        frames = 0
        async for event in rtc.VideoStream(track):
            frames += 1
            if frames == 5:
                emit(event="picture", identity=identity, width=event.frame.width)
            metadata = getattr(event, "metadata", None)
            if metadata is not None and metadata.frame_id:
                emit(event="frameMetadata", identity=identity, frameId=metadata.frame_id)

    async def hear(self, track, identity: str) -> None:
        loud = 0
        async for event in rtc.AudioStream(track, sample_rate=RATE, num_channels=1):
            samples = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64)
            if np.sqrt(np.mean(samples**2)) > LOUD:
                loud += 1
                if loud == 5:
                    emit(event="sound", identity=identity)

    async def follow(self, track) -> None:
        try:
            stream = track.subscribe()
            async for frame in stream:
                emit(event="dataFrame", name=track.info.name, text=bytes(frame.payload).decode())
            emit(event="dataTrackEnded", name=track.info.name)
        except rtc.SubscribeDataTrackError as error:
            emit(event="dataTrackRefused", name=track.info.name, reason=str(error))

    async def film(self, source: rtc.VideoSource, with_ids: bool) -> None:
        count = 0
        while True:
            count += 1
            luma = bytes((x + count * 4) & 0xFF for x in range(WIDTH)) * HEIGHT
            data = luma + bytes([128]) * (WIDTH * HEIGHT // 2)
            frame = rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.I420, data)
            if with_ids:
                source.capture_frame(frame, metadata=rtc.FrameMetadata(frame_id=count))
            else:
                source.capture_frame(frame)
            await asyncio.sleep(1 / FPS)

    async def hum(self, source: rtc.AudioSource) -> None:
        samples = RATE * FRAME_MS // 1000
        second = (8_000 * np.sin(2 * np.pi * HZ * np.arange(RATE) / RATE)).astype(np.int16)
        at = 0
        while True:
            frame = second[at : at + samples].tobytes()
            at = (at + samples) % RATE
            await source.capture_frame(rtc.AudioFrame(frame, RATE, 1, samples))

    async def run(self, command: dict) -> dict:
        local = self.room.local_participant if self.room.isconnected() else None
        match command["do"]:
            case "join":
                single = command.get("singlePeer")
                options = rtc.RoomOptions(**({} if single is None else {"single_peer_connection": single}))
                await self.room.connect(command["url"], command["token"], options)

                @self.room.local_participant.register_rpc_method("backwards")
                async def _(data: rtc.RpcInvocationData) -> str:
                    return data.payload[::-1]

                return {"room": self.room.name}
            case "publish":
                options = rtc.TrackPublishOptions(source=rtc.TrackSource.Value(command["source"]))
                if command["source"] == "SOURCE_MICROPHONE":
                    source = rtc.AudioSource(RATE, 1)
                    track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
                    feed = self.hum(source)
                else:
                    source = rtc.VideoSource(WIDTH, HEIGHT)
                    track = rtc.LocalVideoTrack.create_video_track("camera", source)
                    options.simulcast = False
                    options.video_codec = rtc.VideoCodec.Value(command.get("codec", "VP8"))
                    options.frame_metadata_features.extend(features_of(command.get("trailer", [])))
                    feed = self.film(source, bool(command.get("trailer")))
                if command.get("muted"):
                    track.mute()
                publication = await local.publish_track(track, options)
                self.sources[publication.sid] = self.keep(feed)
                return {"sid": publication.sid}
            case "mute":
                track = local.track_publications[command["sid"]].track
                track.mute() if command["muted"] else track.unmute()
            case "unpublish":
                self.sources.pop(command["sid"]).cancel()
                await local.unpublish_track(command["sid"])
            case "data":
                await local.publish_data(
                    command["text"],
                    reliable=command["reliable"],
                    topic=command.get("topic", ""),
                    destination_identities=command.get("to", []),
                )
            case "rpc":
                result = await local.perform_rpc(
                    destination_identity=command["to"], method=command["method"], payload=command["text"]
                )
                return {"result": result}
            case "describe":
                await local.set_metadata(command["metadata"])
                await local.set_attributes(command["attributes"])
            case "publishDataTrack":
                self.data_tracks[command["name"]] = await local.publish_data_track(name=command["name"])
            case "pushData":
                frame = rtc.DataTrackFrame(payload=command["text"].encode())
                self.data_tracks[command["name"]].try_push(frame)
            case "unpublishDataTrack":
                await self.data_tracks.pop(command["name"]).unpublish()
            case "loseSignal":
                await self.room.simulate_scenario(rtc.SimulateScenarioKind.Value("SIMULATE_SIGNAL_RECONNECT"))
            case "room":
                return {"room": self.room.name, "remote": sorted(self.room.remote_participants)}
            case "leave":
                for task in list(self.tasks):
                    task.cancel()
                await self.room.disconnect()
            case unknown:
                raise ValueError(f"unknown command {unknown}")
        return {}


async def main() -> None:
    peer = Peer()
    lines = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        command = json.loads(line)
        try:
            emit(id=command["id"], result=await peer.run(command))
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the test's to judge
            emit(id=command["id"], error=f"{type(error).__name__}: {error}")


asyncio.run(main())
