do local refused = refusal('open') if refused then return refused end end
local room = room_of(call.roomSid)
if not room then return answer('done', 'no_room') end
if has(call.psid) then
  local owed = owed_of(room.sid, call.psid)
  if not owed or owed.inst ~= call.inst then return answer('done', 'not_owed') end
  if call.isJoined == true and not owed.isActive then
    owed.isActive = true
    put_owed(owed)
  end
end
return answer('done', put_event(room.sid, room.name, call.event) and 'taken' or 'had')
