do local refused = refusal('open') if refused then return refused end end
local there = room_named(call.draft.name)
local room, too_many = there, nil
if not room then room, too_many = make_room(call.draft, call.draft.name) end
if not room then return answer('done', too_many) end
return answer('done', { room = record_of(room), hasOpened = not there })
