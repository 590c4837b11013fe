// A participant on the stock Go SDK, driven by the tests: one JSON command a line on standard input, one JSON event a
// line on standard output. Ends with its input.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	protologger "github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
)

type command struct {
	ID         int               `json:"id"`
	Do         string            `json:"do"`
	URL        string            `json:"url"`
	Token      string            `json:"token"`
	SinglePeer bool              `json:"singlePeer"`
	Codecs     []string          `json:"codecs"`
	File       string            `json:"file"`
	Backup     string            `json:"backup"`
	Layers     []layer           `json:"layers"`
	Source     string            `json:"source"`
	Trailer    bool              `json:"trailer"`
	Sid        string            `json:"sid"`
	Muted      bool              `json:"muted"`
	Text       string            `json:"text"`
	Topic      string            `json:"topic"`
	Reliable   bool              `json:"reliable"`
	To         string            `json:"to"`
	Method     string            `json:"method"`
	Metadata   string            `json:"metadata"`
	Attributes map[string]string `json:"attributes"`
}

type layer struct {
	File    string `json:"file"`
	Quality int32  `json:"quality"`
	Width   uint32 `json:"width"`
	Height  uint32 `json:"height"`
}

type event map[string]any

var output sync.Mutex

func emit(e event) {
	line, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(line))
}

type peer struct{ room *lksdk.Room }

// What a publication says of itself, as the test reads it.
func describe(info *livekit.TrackInfo) event {
	codecs := []string{}
	for _, codec := range info.GetCodecs() {
		codecs = append(codecs, codec.GetMimeType())
	}
	features := []string{}
	for _, feature := range info.GetPacketTrailerFeatures() {
		features = append(features, feature.String())
	}
	return event{"sid": info.GetSid(), "mimeType": info.GetMimeType(), "codecs": codecs, "trailer": features}
}

func (p *peer) callback() *lksdk.RoomCallback {
	cb := lksdk.NewRoomCallback()
	cb.OnParticipantConnected = func(rp *lksdk.RemoteParticipant) {
		emit(event{"event": "participantConnected", "identity": rp.Identity()})
	}
	cb.OnParticipantDisconnected = func(rp *lksdk.RemoteParticipant) {
		emit(event{"event": "participantDisconnected", "identity": rp.Identity()})
	}
	cb.OnDisconnectedWithReason = func(reason lksdk.DisconnectionReason) {
		emit(event{"event": "disconnected", "reason": string(reason)})
	}
	cb.OnReconnecting = func() { emit(event{"event": "reconnecting"}) }
	cb.OnReconnected = func() { emit(event{"event": "reconnected"}) }
	cb.OnRoomMoved = func(name string, token string) {
		emit(event{"event": "roomMoved", "room": name, "hasToken": token != ""})
	}
	cb.OnTrackSubscribed = func(track *webrtc.TrackRemote, pub *lksdk.RemoteTrackPublication, rp *lksdk.RemoteParticipant) {
		info := describe(pub.TrackInfo())
		info["event"] = "trackSubscribed"
		info["identity"] = rp.Identity()
		info["kind"] = track.Kind().String()
		info["codec"] = track.Codec().MimeType
		info["muted"] = pub.IsMuted()
		emit(info)
		go count(track, rp.Identity())
	}
	cb.OnTrackMuted = func(pub lksdk.TrackPublication, who lksdk.Participant) {
		emit(event{"event": "trackMuted", "sid": pub.SID(), "identity": who.Identity()})
	}
	cb.OnTrackUnmuted = func(pub lksdk.TrackPublication, who lksdk.Participant) {
		emit(event{"event": "trackUnmuted", "sid": pub.SID(), "identity": who.Identity()})
	}
	cb.OnDataPacket = func(data lksdk.DataPacket, params lksdk.DataReceiveParams) {
		if user, ok := data.(*lksdk.UserDataPacket); ok {
			emit(event{"event": "data", "text": string(user.Payload), "topic": user.Topic, "identity": params.SenderIdentity})
		}
	}
	cb.OnMetadataChanged = func(_ string, who lksdk.Participant) {
		emit(event{"event": "metadata", "identity": who.Identity(), "metadata": who.Metadata()})
	}
	cb.OnAttributesChanged = func(changed map[string]string, who lksdk.Participant) {
		emit(event{"event": "attributes", "identity": who.Identity(), "changed": changed})
	}
	return cb
}

// Packets of a track that have a payload, told once after the first ten.
func count(track *webrtc.TrackRemote, identity string) {
	packets := 0
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			emit(event{"event": "trackEnded", "sid": track.ID(), "identity": identity, "packets": packets})
			return
		}
		if len(packet.Payload) == 0 {
			continue
		}
		packets++
		if packets == 10 {
			emit(event{"event": "trackFlows", "sid": track.ID(), "identity": identity, "ssrc": track.SSRC()})
		}
	}
}

func sourceOf(name string) livekit.TrackSource {
	return livekit.TrackSource(livekit.TrackSource_value[name])
}

func (p *peer) publish(c command) (event, error) {
	options := &lksdk.TrackPublicationOptions{
		Name: c.File, Source: sourceOf(c.Source), VideoWidth: 160, VideoHeight: 120,
		AttachFrameId: c.Trailer, AttachUserTimestamp: c.Trailer,
	}
	if len(c.Layers) > 0 {
		tracks := []*lksdk.LocalTrack{}
		for _, l := range c.Layers {
			size := &livekit.VideoLayer{Quality: livekit.VideoQuality(l.Quality), Width: l.Width, Height: l.Height}
			track, err := open(l.File, lksdk.WithSimulcast("together", size))
			if err != nil {
				return nil, err
			}
			tracks = append(tracks, track)
		}
		pub, err := p.room.LocalParticipant.PublishSimulcastTrack(tracks, options)
		if err != nil {
			return nil, err
		}
		return describe(pub.TrackInfo()), nil
	}
	track, err := open(c.File)
	if err != nil {
		return nil, err
	}
	var more []lksdk.LocalTrackPublishOption
	if c.Backup != "" {
		backup, err := open(c.Backup)
		if err != nil {
			return nil, err
		}
		more = append(more, lksdk.WithBackupCodec(backup))
	}
	pub, err := p.room.LocalParticipant.PublishTrack(track, options, more...)
	if err != nil {
		return nil, err
	}
	return describe(pub.TrackInfo()), nil
}

func open(file string, options ...lksdk.LocalTrackOptions) (*lksdk.LocalTrack, error) {
	return lksdk.NewLocalFileTrack(file,
		lksdk.ReaderTrackWithFrameDuration(time.Second/10), lksdk.ReaderTrackWithSampleOptions(options...))
}

func (p *peer) publication(sid string) (*lksdk.LocalTrackPublication, error) {
	for _, pub := range p.room.LocalParticipant.TrackPublications() {
		if local, ok := pub.(*lksdk.LocalTrackPublication); ok && local.SID() == sid {
			return local, nil
		}
	}
	return nil, fmt.Errorf("no track %s is published", sid)
}

func (p *peer) run(c command) (event, error) {
	switch c.Do {
	case "join":
		options := []lksdk.ConnectOption{}
		if c.SinglePeer {
			options = append(options, lksdk.WithSinglePeerConnection())
		}
		if len(c.Codecs) > 0 {
			codecs := []livekit.Codec{}
			for _, mime := range c.Codecs {
				codecs = append(codecs, livekit.Codec{Mime: mime})
			}
			options = append(options, lksdk.WithCodecs(codecs))
		}
		room, err := lksdk.ConnectToRoomWithToken(c.URL, c.Token, p.callback(), options...)
		if err != nil {
			return nil, err
		}
		p.room = room
		return event{"room": room.Name()}, room.RegisterRpcMethod("backwards", func(data lksdk.RpcInvocationData) (string, error) {
			text := []rune(data.Payload)
			for i, j := 0, len(text)-1; i < j; i, j = i+1, j-1 {
				text[i], text[j] = text[j], text[i]
			}
			return string(text), nil
		})
	case "publish":
		return p.publish(c)
	case "mute":
		pub, err := p.publication(c.Sid)
		if err != nil {
			return nil, err
		}
		pub.SetMuted(c.Muted)
		return nil, nil
	case "unpublish":
		return nil, p.room.LocalParticipant.UnpublishTrack(c.Sid)
	case "data":
		options := []lksdk.DataPublishOption{lksdk.WithDataPublishReliable(c.Reliable), lksdk.WithDataPublishTopic(c.Topic)}
		if c.To != "" {
			options = append(options, lksdk.WithDataPublishDestination([]string{c.To}))
		}
		return nil, p.room.LocalParticipant.PublishDataPacket(lksdk.UserData([]byte(c.Text)), options...)
	case "rpc":
		result, err := p.room.LocalParticipant.PerformRpc(lksdk.PerformRpcParams{DestinationIdentity: c.To, Method: c.Method, Payload: c.Text})
		if err != nil {
			return nil, err
		}
		return event{"result": *result}, nil
	case "describe":
		p.room.LocalParticipant.SetMetadata(c.Metadata)
		p.room.LocalParticipant.SetAttributes(c.Attributes)
		return nil, nil
	case "loseSignal":
		p.room.Simulate(lksdk.SimulateSignalReconnect)
		return nil, nil
	case "room":
		identities := []string{}
		for _, rp := range p.room.GetRemoteParticipants() {
			identities = append(identities, rp.Identity())
		}
		return event{"room": p.room.Name(), "remote": identities}, nil
	case "leave":
		p.room.Disconnect()
		return nil, nil
	}
	return nil, fmt.Errorf("unknown command %q", c.Do)
}

func main() {
	lksdk.SetLogger(protologger.GetDiscardLogger())
	p := &peer{}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<16), 1<<20)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			emit(event{"event": "fault", "message": err.Error()})
			continue
		}
		result, err := p.run(c)
		if err != nil {
			emit(event{"id": c.ID, "error": err.Error()})
		} else {
			emit(event{"id": c.ID, "result": result})
		}
	}
}
