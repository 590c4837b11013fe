do local refused = refusal('open') if refused then return refused end end
local room = room_of(call.roomSid)
if not room then return answer('done') end
add_node(room.sid, call.inst)
return answer('done', record_of(room))
