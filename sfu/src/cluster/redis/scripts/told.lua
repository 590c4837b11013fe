do local refused = refusal('open') if refused then return refused end end
local sid, psid = call.roomSid, call.psid
local room = room_of(sid)
if not room and not is_over(sid) then return answer('done', 'no_room') end
local taken = {}
if not is_told(sid, psid) then
  local owed = owed_of(sid, psid)
  if owed and owed.inst ~= call.inst and not is_dead(owed.inst) then return answer('done', 'not_yours') end
  for _, event in ipairs(call.events) do
    if put_event(sid, call.roomName, event) then taken[#taken + 1] = event.id end
  end
  note_told(sid, psid)
  if owed then
    drop_owed(owed)
    drop_claim(room, owed.identity, psid)
    may_finish(room)
  end
end
return answer('done', { taken = taken, hasFinished = is_over(sid) })
