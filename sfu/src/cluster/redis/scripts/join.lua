do local refused = refusal('open') if refused then return refused end end
local identity, psid, inst = call.identity, call.psid, call.inst

local function refuse(why)
  return answer('done', { is = 'refused', why = why })
end

local function is_revoked(who)
  return call.tokenFromS < tonumber(redis.call('GET', revocation_key(call.roomName, who)) or 0)
end

local there = room_named(call.roomName)
-- Whoever was here before: a repeat takes no claim from anybody.
if there then
  if is_told(there.sid, psid) then return refuse('ended') end
  local owed, newest = owed_of(there.sid, psid), claim_of(there.sid, identity)
  if owed and not newest then return refuse('ended') end
  if owed and newest.psid ~= psid then
    return answer('done', { is = 'lost', room = record_of(there), epoch = owed.epoch, newest = newest.epoch })
  end
  if owed then
    return answer('done', { is = 'claimed', room = record_of(there), epoch = owed.epoch, kept = kept_of(there.sid, identity), hasOpened = false })
  end
end

if has(call.tokenFromS) and (is_revoked(identity) or (has(call.owner) and is_revoked(call.owner))) then return refuse('revoked') end
if not there and not has(call.draft) then return refuse('no_room') end
local room, too_many = there, nil
if not room then room, too_many = make_room(call.draft, call.roomName) end
if not room then return refuse(too_many or 'sid_used') end
local sid = room.sid
local old = claim_of(sid, identity)
if call.isCounted and not (old and old.isCounted) and room.maxParticipants > 0 and room.counted >= room.maxParticipants then
  return refuse('full')
end
local epoch = math.max(room.epoch, call.epochSeen, now) + 1
raise_epoch(room, epoch)
local function seat()
  return { identity = identity, psid = psid, inst = inst, epoch = epoch, isCounted = call.isCounted, isForwarded = call.isForwarded }
end
set_claim(room, identity, old, seat())
local ending = seat()
ending.roomSid, ending.roomName, ending.isActive, ending.version, ending.info = sid, room.name, false, 0, call.info
put_owed(ending)
add_node(sid, inst)
-- Also when it is the caller itself: this answer may be lost.
if old then
  mail(old.inst, { type = 'lost', roomSid = sid, identity = identity, psid = old.psid, epoch = epoch })
end
return answer('done', { is = 'claimed', room = record_of(room), epoch = epoch, former = old or nil,
  kept = kept_of(sid, identity), hasOpened = not there })
