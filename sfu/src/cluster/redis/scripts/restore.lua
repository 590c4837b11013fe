do local refused = refusal('same') if refused then return refused end end

-- Its end was delivered, so all it owed was told: what others remember of it is old.
local function put_over(sid)
  local room = room_of(sid)
  if room then
    start_closing(room, '')
    forget_room(sid)
  elseif not is_over(sid) then redis.call('SET', key('x', sid), now, 'EX', REMEMBERED_S) end
end

-- Of two rooms of a name the older stays.
local function claim_name(room)
  local other = room_named(room.name)
  if other and other.sid ~= room.sid then
    local is_older = room.createdMs < other.createdMs or (room.createdMs == other.createdMs and comes_first(room.sid, other.sid))
    start_closing(is_older and other or room, 'duplicate')
    if not is_older then return end
  end
  name_room(room)
end

local function put_room(facts)
  local sid = facts.sid
  if is_over(sid) then return end
  local there = room_of(sid)
  if there then
    if facts.rev > there.rev then
      for _, field in ipairs({ 'rev', 'maxParticipants', 'emptyTimeoutMs', 'departureTimeoutMs', 'body' }) do
        redis.call('HSET', key('r', sid), field, facts[field])
        there[field] = facts[field]
      end
    end
    raise_epoch(there, facts.epoch)
    if facts.isStartDelivered then redis.call('HSET', key('r', sid), 'isStartDelivered', '1') end
    if facts.state == 'closing' then start_closing(there, facts.closeReason) end
    return
  end
  facts.counted, facts.holding = 0, 0
  save_room(facts)
  if facts.state == 'closing' then redis.call('SADD', CLOSING, sid)
  else redis.call('ZADD', IDLE, now + facts.departureTimeoutMs, sid) end
  -- Whoever puts the room back puts its start before all others' events of it.
  if facts.isStartDelivered then note_told(sid, sid .. ':room_started') else put_started(facts) end
  if facts.state == 'open' then claim_name(facts) end
end

local function put_ended(sid, psid)
  note_told(sid, psid)
  local room, owed = room_of(sid), owed_of(sid, psid)
  if not room or not owed then return end
  drop_owed(owed)
  drop_claim(room, owed.identity, psid)
end

local function put_ending(ending)
  local sid, psid = ending.roomSid, ending.psid
  if redis.call('EXISTS', key('r', sid)) == 0 or is_told(sid, psid) then return end
  local there = owed_of(sid, psid)
  if not there then
    put_owed(ending)
    -- Somebody has to notice when it does not beat in this era.
    if not is_dead(ending.inst) then redis.call('HSETNX', NODES, ending.inst, 0) end
    return
  end
  there.isActive = there.isActive or ending.isActive
  if ending.version > there.version then there.version, there.info = ending.version, ending.info end
  put_owed(there)
end

-- The epoch that is higher, or nil when the claim stands.
local function put_claim(sid, claim)
  local room = room_of(sid)
  if not room or is_told(sid, claim.psid) then return nil end
  local function seat()
    return { identity = claim.identity, psid = claim.psid, inst = call.inst, epoch = claim.epoch,
      isCounted = claim.isCounted, isForwarded = claim.isForwarded }
  end
  local ending = seat()
  ending.roomSid, ending.roomName, ending.isActive, ending.version, ending.info = sid, room.name, false, -1, ''
  put_ending(ending)
  raise_epoch(room, claim.epoch)
  local there = claim_of(sid, claim.identity)
  if there and there.psid == claim.psid then return nil end
  if there and there.epoch >= claim.epoch then return there.epoch end
  set_claim(room, claim.identity, there, seat())
  add_node(sid, call.inst)
  if there and there.inst ~= call.inst then
    mail(there.inst, { type = 'lost', roomSid = sid, identity = claim.identity, psid = there.psid, epoch = claim.epoch })
  end
  return nil
end

for _, inst in ipairs(call.burials) do
  if not is_dead(inst) then bury_now(inst) end
end
for _, sid in ipairs(call.over) do put_over(sid) end
for _, facts in ipairs(call.rooms) do put_room(facts) end
for _, ended in ipairs(call.ended) do put_ended(ended.roomSid, ended.psid) end
for _, ending in ipairs(call.owed) do put_ending(ending) end
local lost = {}
for _, claim in ipairs(call.claims) do
  local higher = put_claim(claim.roomSid, claim)
  if higher then
    lost[#lost + 1] = { roomSid = claim.roomSid, identity = claim.identity, psid = claim.psid, epoch = higher }
  end
end
for _, one in ipairs(call.kept) do
  if redis.call('EXISTS', key('r', one.roomSid)) == 1 then put_kept(one.roomSid, one.identity, one.kept) end
end
for _, one in ipairs(call.revoked) do put_revocation(one.roomName, one.identity, one.beforeS) end
for _, one in ipairs(call.events) do put_event(one.roomSid, one.roomName, one.event) end

local closed, seen = {}, {}
local function look(sid)
  if seen[sid] then return end
  seen[sid] = true
  local room = redis.call('HMGET', key('r', sid), 'state', 'closeReason')
  if room[1] ~= 'open' then closed[#closed + 1] = { roomSid = sid, reason = room[2] or '' } end
end
for _, facts in ipairs(call.rooms) do look(facts.sid) end
for _, claim in ipairs(call.claims) do look(claim.roomSid) end
return answer('done', { lost = lost, closed = closed })
