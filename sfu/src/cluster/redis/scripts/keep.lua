do local refused = refusal('open') if refused then return refused end end
local sid, seat = call.roomSid, call.seat
if not room_of(sid) then return answer('done', 'no_room') end
if has(call.psid) then
  local holder = claim_of(sid, call.identity)
  if holder and holder.psid ~= call.psid then return answer('done', 'lost') end
end
if has(call.kept) then put_kept(sid, call.identity, call.kept) end
if has(seat) then
  local owed = owed_of(sid, seat.psid)
  if owed and owed.inst == call.inst and seat.version > owed.version then
    owed.version, owed.info = seat.version, seat.info
    put_owed(owed)
  end
end
local kept = kept_of(sid, call.identity)
return answer('done', { keptRev = kept and kept.rev or 0 })
